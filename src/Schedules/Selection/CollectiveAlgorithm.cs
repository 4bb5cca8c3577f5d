namespace BoxerMpi.Schedules;

/// <summary>Makes one rank's schedule of a call.</summary>
internal delegate Schedule ScheduleFunction(in CollectiveCall call);

/// <summary>An algorithm of a collective: its schedule, and when it may be used.</summary>
internal sealed class CollectiveAlgorithm(Collective collective, string name, ScheduleFunction build)
{
    public Collective Collective { get; } = collective;

    /// <summary>The name in options, in the environment and in reports.</summary>
    public string Name { get; } = name;

    public ScheduleFunction Build { get; } = build;

    /// <summary>The reduction must be one that may fold ranks in any order.</summary>
    public bool NeedsCommutativity { get; init; }

    /// <summary>The schedule goes along the topology's own links, whatever they are.</summary>
    public bool FollowsTopology { get; init; }

    /// <summary>Vectors are folded strictly in the order of the ranks, one after the other.</summary>
    public bool FoldsInOrder { get; init; }

    /// <summary>
    /// Makes the schedule that brings the counts which this algorithm needs besides the rank's own; null when those suffice.
    /// </summary>
    public ScheduleFunction? BuildCounts { get; init; }

    /// <summary>How many counts that schedule brings to this rank.</summary>
    public CountsFunction? CountsLength { get; init; }

    public delegate int CountsFunction(in CollectiveCall call);

    /// <summary>The same for another collective.</summary>
    public CollectiveAlgorithm For(Collective other) => other == Collective ? this : new(other, Name, Build)
    {
        NeedsCommutativity = NeedsCommutativity,
        FollowsTopology = FollowsTopology,
        FoldsInOrder = FoldsInOrder,
        BuildCounts = BuildCounts,
        CountsLength = CountsLength,
    };

    /// <summary>Why the algorithm cannot serve a call, links aside; null when it can.</summary>
    public string? Refusal(bool commutative) =>
        NeedsCommutativity && !commutative ? "needs an operation that commutes" : null;

    /// <summary>The first links that the schedules of all ranks use and the topology lacks, and how many lack in all.</summary>
    /// <param name="topology">The links there are.</param>
    /// <param name="root">The root of the call.</param>
    /// <param name="commutative">Whether the reduction commutes; some take another way when it does not.</param>
    /// <param name="listed">How many to list; the search stops behind them unless all are to be counted.</param>
    /// <param name="countAll">Whether to count all, for an error message.</param>
    public (List<(int A, int B)> Links, int Count) MissingLinks(Topology topology, int root, bool commutative, int listed, bool countAll)
    {
        List<(int A, int B)> missing = [];
        int count = 0;
        if (FollowsTopology || topology.Kind == TopologyKind.Mesh || !topology.IsConnected)
            return (missing, 0);

        for (int rank = 0; rank < topology.Size; rank++)
        {
            // One element for each rank, so that no chunk of a vector is empty and no edge is left out.
            CollectiveCall probe = new()
            {
                Collective = Collective,
                Rank = rank,
                Size = topology.Size,
                Topology = topology,
                Root = root,
                Bytes = topology.Size,
                Commutative = commutative,
            };
            foreach (int peer in Build(probe).Edges())
            {
                if (rank >= peer || topology.HasLink(rank, peer))
                    continue;
                count++;
                if (missing.Count < listed)
                    missing.Add((rank, peer));
                else if (!countAll)
                    return (missing, count);
            }
        }

        return (missing, count);
    }

    public override string ToString() => $"{Collective} {Name}";
}
