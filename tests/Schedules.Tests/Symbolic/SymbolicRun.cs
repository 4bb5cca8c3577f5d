namespace BoxerMpi.Schedules.Tests;

/// <summary>Runs one collective with one algorithm on all ranks of a topology, symbolically, and checks what everybody ends with.</summary>
internal sealed partial record SymbolicRun(CollectiveAlgorithm Algorithm, Topology Topology)
{
    public int Root { get; init; }

    public long Bytes { get; init; }

    public int ElementSize { get; init; } = 1;

    public bool Commutative { get; init; } = true;

    public bool InPlace { get; init; }

    public int Window { get; init; } = 3;

    public int SegmentBytes { get; init; } = 4;

    /// <summary>
    /// Elements that go from one rank to another (all-to-all), or that the first contributes or gets, where counts differ.
    /// </summary>
    public Func<int, int, long>? Count { get; init; }

    /// <summary>Whether the blocks of layouts lie in reverse order, with gaps.</summary>
    public bool Gaps { get; init; }

    /// <summary>Changes the schedules that bring counts, before they are run.</summary>
    public Func<Schedule[], Schedule[]>? ChangeCounts { get; init; }

    /// <summary>The neighbours of each rank, for collectives among neighbours.</summary>
    public Func<int, Neighbourhood>? Neighbours { get; init; }

    private int Size => Topology.Size;

    private Collective Collective => Algorithm.Collective;

    private bool HasCounts => Collective is Collective.GatherV or Collective.ScatterV or Collective.AllGatherV or Collective.AllToAllV
        or Collective.ReduceScatter or Collective.NeighbourAllGatherV or Collective.NeighbourAllToAllV;

    private bool IsSparse => Topology.Kind != TopologyKind.Mesh && !Collective.IsAmongNeighbours();

    public void Check() => Run(Build());

    /// <summary>The schedules of all ranks, with counts that really arrived where the algorithm needs some.</summary>
    public Schedule[] Build()
    {
        CollectiveCall[] calls = Calls();
        if (Algorithm.BuildCounts is not null)
            calls = WithCounts(calls);
        return Array.ConvertAll(calls, call => Algorithm.Build(call));
    }

    /// <summary>The schedules that bring these counts.</summary>
    public Schedule[] BuildCounts() => Array.ConvertAll(Calls(), call => Algorithm.BuildCounts!(call));

    /// <summary>Runs schedules and checks what they do; returns the receive buffers.</summary>
    public Cell[][] Run(Schedule[] schedules)
    {
        CollectiveCall[] calls = Calls();
        CheckLinks(schedules);

        Cell[][] send = [.. calls.Select(call => Sent(call))];
        Cell[][] receive = [.. calls.Select(call => SymbolicMemory.Filled(ReceiveLength(call)))];
        if (Collective == Collective.Broadcast)
            receive[Root] = Numbered(Root, Bytes);
        if (InPlace)
        {
            for (int rank = 0; rank < Size; rank++)
            {
                if (Collective is not Collective.Reduce || rank == Root)
                    receive[rank] = send[rank];
            }
        }

        ulong[] heard = SymbolicMemory.Run(schedules, send, receive, Commutative);
        foreach (CollectiveCall call in calls)
        {
            CheckResult(call, receive[call.Rank]);
            if (Collective == Collective.Barrier && heard[call.Rank] != ulong.MaxValue >> (64 - Size))
                throw new ScheduleException($"Rank {call.Rank} leaves the barrier having heard of ranks {heard[call.Rank]:b} only.");
        }

        return receive;
    }

    public CollectiveCall Call(int rank)
    {
        CollectiveCall call = new()
        {
            Collective = Collective,
            Rank = rank,
            Size = Size,
            Topology = Topology,
            Root = Root,
            Bytes = Bytes,
            ElementSize = ElementSize,
            Commutative = Commutative,
            Window = Window,
            SegmentBytes = SegmentBytes,
            Neighbours = Neighbours?.Invoke(rank),
            StageSend = InPlace && Collective is (Collective.AllToAll or Collective.AllToAllV
                or Collective.ReduceScatter or Collective.ReduceScatterBlock),
            InPlace = InPlace && (Collective is Collective.Reduce or Collective.AllReduce),
        };
        if (!HasCounts)
            return call;

        Func<int, int, long> count = Count!;
        return Collective switch
        {
            Collective.GatherV => call with
            {
                Bytes = count(rank, 0) * ElementSize,
                ReceiveLayout = rank == Root ? Layout(other => count(other, 0)) : null,
            },
            Collective.AllGatherV => call with
            {
                Bytes = count(rank, 0) * ElementSize,
                ReceiveLayout = Layout(other => count(other, 0), reverse: rank % 2 == 1),
            },
            Collective.ScatterV => call with
            {
                Bytes = count(rank, 0) * ElementSize,
                SendLayout = rank == Root ? Layout(other => count(other, 0)) : null,
            },
            Collective.ReduceScatter => call with
            {
                Bytes = count(rank, 0) * ElementSize,
                SendLayout = BlockLayout.FromCounts([.. Enumerable.Range(0, Size).Select(other => count(other, 0))]),
            },
            Collective.NeighbourAllGatherV => call with
            {
                Bytes = count(rank, 0) * ElementSize,
                ReceiveLayout = LayoutOf(call.Neighbours!.Sources, source => count(source, 0)),
            },
            Collective.NeighbourAllToAllV => call with
            {
                SendLayout = LayoutOf(call.Neighbours!.Destinations, destination => count(rank, destination)),
                ReceiveLayout = LayoutOf(call.Neighbours.Sources, source => count(source, rank)),
            },
            _ => call with
            {
                SendLayout = Layout(other => count(rank, other)),
                ReceiveLayout = Layout(other => count(other, rank)),
            },
        };
    }

    private CollectiveCall[] Calls() => [.. Enumerable.Range(0, Size).Select(Call)];

    private static BlockLayout? LayoutOf(int[] neighbours, Func<int, long> count) =>
        neighbours.Length == 0 ? null : BlockLayout.FromCounts([.. neighbours.Select(neighbour => neighbour < 0 ? 0 : count(neighbour))]);

    private BlockLayout Layout(Func<int, long> count, bool reverse = true)
    {
        long[] counts = [.. Enumerable.Range(0, Size).Select(count)];
        if (!Gaps || !reverse)
            return BlockLayout.FromCounts(counts);
        long[] displacements = new long[Size];
        long next = 1;
        for (int rank = Size - 1; rank >= 0; rank--)
        {
            displacements[rank] = next;
            next += counts[rank] + rank % 2;
        }

        return BlockLayout.FromCounts(counts, displacements);
    }

    /// <summary>Runs the schedules that bring counts, and gives every rank the counts that really arrived.</summary>
    private CollectiveCall[] WithCounts(CollectiveCall[] calls)
    {
        Schedule[] schedules = Array.ConvertAll(calls, call => Algorithm.BuildCounts!(call));
        if (ChangeCounts is not null)
            schedules = ChangeCounts(schedules);
        CheckLinks(schedules);
        Cell[][] send = [.. calls.Select(call => Numbered(call.Rank, Size * sizeof(long)))];
        Cell[][] receive = [.. calls.Select(call => SymbolicMemory.Filled(Algorithm.CountsLength!(call) * sizeof(long)))];
        SymbolicMemory.Run(schedules, send, receive);
        if (receive.Any(cells => Array.IndexOf(cells, Cell.Undefined) >= 0))
            throw new ScheduleException("A count did not arrive.");
        return [.. calls.Select((call, rank) => call with
        {
            Known =
            [
                .. receive[rank].Where((_, i) => i % sizeof(long) == 0)
                    .Select(cell => SentCount(calls[cell.First], (int)(cell.Offset / sizeof(long)))),
            ],
        })];

        static long SentCount(CollectiveCall sender, int index) => (sender.SendLayout ?? sender.ReceiveLayout!).Count(index);
    }

    private void CheckLinks(Schedule[] schedules)
    {
        for (int rank = 0; rank < Size && IsSparse; rank++)
        {
            foreach (int peer in schedules[rank].Edges())
            {
                if (!Topology.HasLink(rank, peer))
                    throw new ScheduleException($"{Algorithm} uses {rank}-{peer}, which {Topology.Spec} lacks.");
            }
        }
    }

    private Cell[] Sent(in CollectiveCall call)
    {
        long length = Collective switch
        {
            Collective.Barrier or Collective.Broadcast => 0L,
            Collective.AllToAll or Collective.ReduceScatterBlock or Collective.AllToAllV or Collective.ReduceScatter => call.SendBytes,
            Collective.NeighbourAllToAll => call.Neighbours!.Destinations.Length * call.Bytes,
            Collective.NeighbourAllToAllV => call.SendLayout?.Extent * ElementSize ?? 0,
            Collective.Scatter => call.IsRoot ? Size * call.Bytes : 0,
            Collective.ScatterV => call.IsRoot ? call.SendLayout!.Extent * ElementSize : 0,
            _ => call.Bytes,
        };
        return Numbered(call.Rank, length);
    }

    private long ReceiveLength(in CollectiveCall call) => Collective switch
    {
        Collective.Barrier => 0,
        Collective.NeighbourAllGather or Collective.NeighbourAllToAll => call.Neighbours!.Sources.Length * call.Bytes,
        Collective.NeighbourAllGatherV or Collective.NeighbourAllToAllV => call.ReceiveLayout?.Extent * ElementSize ?? 0,
        Collective.AllToAll or Collective.AllGather => Size * call.Bytes,
        Collective.AllToAllV or Collective.AllGatherV => call.ReceiveLayout!.Extent * ElementSize,
        Collective.Gather => call.IsRoot ? Size * call.Bytes : 0,
        Collective.GatherV => call.IsRoot ? call.ReceiveLayout!.Extent * ElementSize : 0,
        Collective.Reduce => call.IsRoot ? call.Bytes : 0,
        _ => call.Bytes,
    };

    private static Cell[] Numbered(int rank, long length)
    {
        Cell[] cells = new Cell[length];
        for (long i = 0; i < length; i++)
            cells[i] = Cell.Of(rank, i);
        return cells;
    }
}
