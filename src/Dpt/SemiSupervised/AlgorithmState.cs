using System.Text.Json;
using System.Text.Json.Nodes;

namespace DPT.Engine.Dpt;

/// <summary>The numbers that an algorithm remembers, as one array in a checkpoint.</summary>
internal static class AlgorithmState
{
    /// <summary>A state of one array.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="numbers">The array.</param>
    public static JsonObject Of<T>(string name, T[] numbers) => new() { [name] = JsonSerializer.SerializeToNode(numbers, JsonFiles.Options) };

    /// <summary>Reads the array.</summary>
    /// <exception cref="InvalidDataException">It is not there, is no array of such numbers, or of another length.</exception>
    public static T[] Read<T>(JsonObject state, string name, int count)
    {
        try
        {
            return state[name].Deserialize<T[]>(JsonFiles.Options) is { } found && found.Length == count
                ? found
                : throw new InvalidDataException($"its state has no '{name}' of {count} numbers");
        }
        catch (JsonException damage)
        {
            throw new InvalidDataException($"'{name}' of its state is damaged: {damage.Message}", damage);
        }
    }
}
