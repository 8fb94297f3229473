namespace DPT.Engine.Dpt;

/// <summary>
/// What drawing the pseudo-images has taken so far, <c>drawing.json</c>: an interrupted session's share counts. It lies
/// beside the images, not in them: what is drawn must not depend on the clock.
/// </summary>
/// <param name="Key">Key of the images' plan: of another set nothing counts.</param>
/// <param name="Seconds">Seconds spent.</param>
/// <param name="Machines">What computed, in the order of the sessions.</param>
internal sealed record DrawingRecord(string Key, double Seconds, IReadOnlyList<string> Machines)
{
    /// <summary>The record in a stage's folder, or a new one; a damaged one counts as none.</summary>
    public static DrawingRecord In(StageFolder folder, string key, string machine)
    {
        DrawingRecord? found = null;
        try
        {
            found = File.Exists(folder.DrawingPath) ? JsonFiles.Load<DrawingRecord>(folder.DrawingPath) : null;
        }
        catch (DptException damage) when (damage.Kind == FailureKind.Check)
        {
            // It only says how long something took.
        }

        return found?.Key == key
            ? found with { Machines = [.. found.Machines.Append(machine).Distinct()] }
            : new DrawingRecord(key, 0, [machine]);
    }

    /// <summary>Writes it.</summary>
    public void Save(StageFolder folder) => JsonFiles.Save(folder.DrawingPath, this);
}
