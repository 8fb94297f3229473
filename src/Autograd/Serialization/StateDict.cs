namespace DPT.Engine.Autograd;

/// <summary>
/// State dictionaries as files: what <see cref="ParameterStore.Export"/> gives and
/// <see cref="ParameterStore.Import"/> takes.
/// </summary>
public static class StateDict
{
    /// <summary>Writes a state dictionary; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="state">Tensors by name.</param>
    /// <param name="metadata">Text about the file, or null.</param>
    public static void Save(
        string path,
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> state,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var writer = new SafeTensorsWriter();
        foreach (var (name, text) in metadata ?? new Dictionary<string, string>())
        {
            writer.Metadata[name] = text;
        }

        foreach (var (name, (shape, values)) in state)
        {
            writer.Add(name, shape, values);
        }

        writer.Save(path);
    }

    /// <summary>Reads a state dictionary of 32-bit floats.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or a tensor is not F32 of one to four sizes.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Dictionary<string, (TensorShape Shape, float[] Values)> Load(string path)
    {
        using var reader = new SafeTensorsReader(path);
        var state = new Dictionary<string, (TensorShape Shape, float[] Values)>(StringComparer.Ordinal);
        foreach (var (name, entry) in reader.Entries)
        {
            if (entry.Shape.Count is < 1 or > 4 || entry.Shape.Any(size => size is < 1 or > int.MaxValue))
            {
                throw new InvalidDataException(
                    $"'{path}': tensor '{name}' has the shape [{string.Join(", ", entry.Shape)}], it must have 1 to 4 positive sizes");
            }

            state[name] = (new TensorShape([.. entry.Shape.Select(size => (int)size)]), reader.ReadFloats(name));
        }

        return state;
    }
}
