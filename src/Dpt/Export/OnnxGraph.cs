using System.Runtime.InteropServices;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt.Messages;
using Google.Protobuf;
using DataType = DPT.Engine.Dpt.Messages.TensorProto.Types.DataType;

namespace DPT.Engine.Dpt;

/// <summary>A graph of ONNX operators that is being written. A value is known by its name.</summary>
internal sealed class OnnxGraph
{
    /// <summary>The first set of operators with GELU, and the version of the format that came with it.</summary>
    private const int OperatorSet = 20, Format = 9;

    /// <summary>Messages of protobuf end at 2 GiB.</summary>
    private const long LargestFile = int.MaxValue;

    /// <summary>Name of the free first axis.</summary>
    private const string Batch = "batch";

    private readonly GraphProto _graph = new();
    private readonly HashSet<string> _weights = [];
    private long _bytes;

    /// <summary>An empty graph.</summary>
    public OnnxGraph(string name) => _graph.Name = name;

    /// <summary>An input of floats, [batch, ...].</summary>
    public string Floats(string name, string meaning, params int[] sizes) => Input(name, meaning, DataType.Float, sizes);

    /// <summary>An input of whole numbers, [batch].</summary>
    public string Integers(string name, string meaning) => Input(name, meaning, DataType.Int64, []);

    /// <summary>Says that a value goes out under a name, [batch, ...].</summary>
    public void Output(string value, string name, string meaning, params int[] sizes)
    {
        _graph.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { value }, Output = { name } });
        _graph.Output.Add(Described(name, meaning, DataType.Float, sizes));
    }

    /// <summary>Learned numbers under their name; once, however often they are used.</summary>
    public string Weight(string name, ReadOnlySpan<int> shape, ReadOnlySpan<float> values) =>
        _weights.Add(name) ? Initializer(name, shape, DataType.Float, MemoryMarshal.AsBytes(values)) : name;

    /// <summary>Numbers that are part of the graph.</summary>
    public string Constant(params ReadOnlySpan<float> values) =>
        Initializer(NewName("constant"), [values.Length], DataType.Float, MemoryMarshal.AsBytes(values));

    /// <summary>Whole numbers that are part of the graph: axes, sizes.</summary>
    public string Constant(params ReadOnlySpan<long> values) =>
        Initializer(NewName("constant"), [values.Length], DataType.Int64, MemoryMarshal.AsBytes(values));

    /// <summary>Doubles that are part of the graph.</summary>
    public string Constant(params ReadOnlySpan<double> values) =>
        Initializer(NewName("constant"), [values.Length], DataType.Double, MemoryMarshal.AsBytes(values));

    /// <summary>An operator with one result.</summary>
    /// <param name="type">Its name in the standard.</param>
    /// <param name="inputs">Values.</param>
    /// <param name="attributes">By name: a float, a whole number or several.</param>
    /// <returns>The result.</returns>
    public string Node(string type, string[] inputs, params (string Name, object Value)[] attributes)
    {
        var output = NewName(type);
        _graph.Node.Add(new NodeProto
        {
            OpType = type,
            Name = output,
            Input = { inputs },
            Output = { output },
            Attribute = { attributes.Select(attribute => Attribute(attribute.Name, attribute.Value)) },
        });
        return output;
    }

    /// <summary>Writes the model; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="version">Version of the engine.</param>
    /// <param name="metadata">What readers should know.</param>
    /// <exception cref="DptException">Usage: the model is too large for one file. Environment: it cannot be written.</exception>
    public void Save(string path, string version, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        Usage.Require(_bytes < LargestFile, $"the weights have {_bytes >> 20} MiB, an .onnx file holds less than 2048; safetensors has no such limit");
        var model = new ModelProto
        {
            IrVersion = Format,
            ProducerName = "DPT.Engine",
            ProducerVersion = version,
            Graph = _graph,
            OpsetImport = { new OperatorSetIdProto { Version = OperatorSet } },
            MetadataProps = { metadata.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }) },
        };
        AtomicFile.Write(path, model.WriteTo);
    }

    private static ValueInfoProto Described(string name, string meaning, DataType type, int[] sizes) => new()
    {
        Name = name,
        DocString = meaning,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = type,
                Shape = new TensorShapeProto
                {
                    Dim =
                    {
                        sizes.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size })
                            .Prepend(new TensorShapeProto.Types.Dimension { DimParam = Batch }),
                    },
                },
            },
        },
    };

    private static AttributeProto Attribute(string name, object value) => value switch
    {
        float number => new AttributeProto { Name = name, F = number, Type = AttributeProto.Types.AttributeType.Float },
        int number => new AttributeProto { Name = name, I = number, Type = AttributeProto.Types.AttributeType.Int },
        int[] numbers => new AttributeProto
        {
            Name = name,
            Ints = { numbers.Select(number => (long)number) },
            Type = AttributeProto.Types.AttributeType.Ints,
        },
        _ => throw new ArgumentException($"{name} is a {value.GetType().Name}"),
    };

    private string Input(string name, string meaning, DataType type, int[] sizes)
    {
        _graph.Input.Add(Described(name, meaning, type, sizes));
        return name;
    }

    private string Initializer(string name, ReadOnlySpan<int> shape, DataType type, ReadOnlySpan<byte> bytes)
    {
        var tensor = new TensorProto { Name = name, DataType = type, RawData = ByteString.CopyFrom(bytes) };
        foreach (var size in shape)
        {
            tensor.Dims.Add(size);
        }

        _bytes += bytes.Length;
        _graph.Initializer.Add(tensor);
        return name;
    }

    private string NewName(string type) => $"{type.ToLowerInvariant()}_{_graph.Node.Count + _graph.Initializer.Count}";
}
