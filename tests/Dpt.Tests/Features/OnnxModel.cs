using DPT.Engine.Dpt.Messages;
using Google.Protobuf;
using DataType = DPT.Engine.Dpt.Messages.TensorProto.Types.DataType;
using Dimension = DPT.Engine.Dpt.Messages.TensorShapeProto.Types.Dimension;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Networks of a node or two, as other tools might write them: what they compute is known without them.</summary>
internal static class OnnxModel
{
    /// <summary>Writes a network whose nodes each make an output of the input <c>x</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="input">Sizes of the input; below 1 for open ones.</param>
    /// <param name="nodes">Name of the output, operators one behind the other.</param>
    public static string Write(string path, int[] input, params (string Output, string[] Operators)[] nodes) =>
        Write(path, DataType.Float, [("x", input)], nodes);

    /// <summary>The same with inputs of a type; the first is used.</summary>
    public static string Write(string path, DataType type, (string Name, int[] Sizes)[] inputs, params (string Output, string[] Operators)[] nodes)
    {
        var graph = new GraphProto { Name = "test" };
        graph.Input.Add(inputs.Select(i => Described(i.Name, type, i.Sizes)));
        foreach (var (output, operators) in nodes)
        {
            var value = inputs[0].Name;
            foreach (var (i, name) in operators.Index())
            {
                var result = i == operators.Length - 1 ? output : $"{output}_{i}";
                graph.Node.Add(new NodeProto { OpType = name, Name = result, Input = { value }, Output = { result } });
                value = result;
            }

            graph.Output.Add(new ValueInfoProto { Name = output, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } });
        }

        var model = new ModelProto { IrVersion = 9, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 20 } } };
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }

    private static ValueInfoProto Described(string name, DataType type, int[] sizes) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = type,
                Shape = new TensorShapeProto { Dim = { sizes.Select((size, i) => size < 1 ? new Dimension { DimParam = $"d{i}" } : new Dimension { DimValue = size }) } },
            },
        },
    };
}
