using System.Globalization;
using System.Text;
using BoxerMpi.Schedules;

namespace BoxerMpi.Bench.Selection;

/// <summary>Which algorithms do the same in a call: what differs between them then is only chance, and they are one candidate.</summary>
/// <remarks>Binomial and tree of two ranks are one, and so are a grid of one row and the plain form.</remarks>
internal static class Distinct
{
    /// <summary>The algorithms that can serve a call, by what they do; the first of a group stands for it.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Group(Topology topology, CollectiveOptions options, PlanKey key)
    {
        CollectiveSelector selector = new(topology, options);
        return
        [
            .. CollectiveAlgorithms.Of(key.Collective).ToArray()
                .Where(algorithm => selector.Allows(algorithm, key))
                .GroupBy(algorithm => Text(algorithm, topology, key), algorithm => algorithm.Name, StringComparer.Ordinal)
                .Select(group => group.ToArray()),
        ];
    }

    /// <summary>
    /// All that takes time, of all ranks: messages by round, with peer and length, and the lengths of copies and folds. Where in memory
    /// they lie is left out.
    /// </summary>
    private static string Text(CollectiveAlgorithm algorithm, Topology topology, PlanKey key)
    {
        StringBuilder text = new();
        CollectiveCall call = new()
        {
            Collective = key.Collective,
            Rank = 0,
            Size = topology.Size,
            Topology = topology,
            Bytes = key.Bytes,
            ElementSize = key.ElementSize,
        };
        for (int rank = 0; rank < topology.Size; rank++)
        {
            Schedule schedule = algorithm.Build(call with { Rank = rank });
            foreach (ref readonly Round round in schedule.Rounds)
            {
                foreach (ref readonly Step step in schedule.Steps.Slice(round.First, round.Posts + round.Locals))
                {
                    long bytes = Math.Max(step.Source.Length, step.Target.Length);
                    text.Append(CultureInfo.InvariantCulture, $"{step.Kind}{step.Peer}:{bytes}x{step.Count} ");
                }

                text.Append('|');
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
