namespace DPT.Engine.Ptx;

/// <summary>
/// Where diverged lanes meet again: the nearest instruction that every path from a branch to the end goes through (its
/// immediate post-dominator), whatever the order of the blocks in the text.
/// </summary>
internal static class ControlFlow
{
    /// <summary>The place where lanes that leave the kernel meet.</summary>
    public const int Exit = int.MaxValue;

    /// <summary>The meeting place of every instruction with several successors.</summary>
    /// <param name="successors">The successors of every instruction; none, or <see cref="Exit"/>, for a return.</param>
    public static int[] MeetingPlaces(IReadOnlyList<int[]> successors)
    {
        var count = successors.Count;
        var order = PostOrderFromExit(successors, out var rank);
        var immediate = new int[count + 1];
        Array.Fill(immediate, -1);
        immediate[count] = count;
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = order.Count - 1; i >= 0; i--)
            {
                var node = order[i];
                if (node == count)
                {
                    continue;
                }

                var meeting = -1;
                foreach (var next in Successors(successors, node))
                {
                    if (immediate[next] >= 0)
                    {
                        meeting = meeting < 0 ? next : Intersect(immediate, rank, meeting, next);
                    }
                }

                changed |= immediate[node] != meeting;
                immediate[node] = meeting;
            }
        }

        return [.. immediate.Take(count).Select(i => i < 0 || i == count ? Exit : i)];
    }

    private static int Intersect(int[] immediate, int[] rank, int a, int b)
    {
        while (a != b)
        {
            while (rank[a] < rank[b])
            {
                a = immediate[a];
            }

            while (rank[b] < rank[a])
            {
                b = immediate[b];
            }
        }

        return a;
    }

    /// <summary>Instructions that can reach the end, in post-order of the reversed graph; the exit is the last.</summary>
    private static List<int> PostOrderFromExit(IReadOnlyList<int[]> successors, out int[] rank)
    {
        var count = successors.Count;
        var predecessors = Enumerable.Range(0, count + 1).Select(_ => new List<int>()).ToArray();
        for (var i = 0; i < count; i++)
        {
            foreach (var next in Successors(successors, i))
            {
                predecessors[next].Add(i);
            }
        }

        var order = new List<int>();
        rank = new int[count + 1];
        var seen = new bool[count + 1];
        var stack = new Stack<(int Node, int Next)>([(count, 0)]);
        seen[count] = true;
        while (stack.TryPop(out var top))
        {
            if (top.Next == predecessors[top.Node].Count)
            {
                rank[top.Node] = order.Count;
                order.Add(top.Node);
                continue;
            }

            stack.Push((top.Node, top.Next + 1));
            var before = predecessors[top.Node][top.Next];
            if (!seen[before])
            {
                seen[before] = true;
                stack.Push((before, 0));
            }
        }

        return order;
    }

    private static IEnumerable<int> Successors(IReadOnlyList<int[]> successors, int node) =>
        successors[node].Length == 0
            ? [successors.Count]
            : successors[node].Select(s => s == Exit ? successors.Count : s);
}
