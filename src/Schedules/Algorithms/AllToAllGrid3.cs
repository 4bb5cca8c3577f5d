namespace BoxerMpi.Schedules;

/// <summary>
/// Three phases over ranks in three dimensions, a×b×c: along each in turn a rank hands on what has to change that coordinate.
/// (a−1)+(b−1)+(c−1) messages a rank instead of P−1; blocks travel up to three times.
/// </summary>
/// <remarks>
/// For very many ranks and short blocks. The dimensions are factors of P as equal as there are; on a grid the columns are parted in two,
/// so that its links suffice. A prime has one dimension and this is the direct exchange. With counts, a rank must know those of the
/// blocks that it passes on: <see cref="BuildCounts"/> brings them by the first phases.
/// </remarks>
internal static class AllToAllGrid3
{
    public static Schedule Build(in CollectiveCall call)
    {
        Exchange exchange = new(call);
        for (int phase = 0; phase < exchange.Phases; phase++)
            exchange.Run(phase);
        return exchange.Deliver().Build();
    }

    /// <summary>
    /// Sends counts the way of the blocks in all but the last phase; they arrive in the order in which <see cref="Build"/> reads them.
    /// </summary>
    /// <remarks>The send buffer holds a count for each rank.</remarks>
    public static Schedule BuildCounts(in CollectiveCall call)
    {
        Exchange exchange = new(
            call with { SendLayout = null, ReceiveLayout = null, Known = null, Bytes = sizeof(long), StageSend = false });
        long offset = 0;
        for (int phase = 0; phase < exchange.Phases - 1; phase++)
        {
            exchange.Run(phase);
            foreach (Region arrival in exchange.Arrivals)
            {
                exchange.Schedule.Copy(arrival, Region.UserReceive(offset, arrival.Length));
                offset += arrival.Length;
            }

            exchange.Schedule.EndRound();
        }

        return exchange.Schedule.Build();
    }

    public static int CountsLength(in CollectiveCall call)
    {
        int[] dimensions = Dimensions(call);
        int counts = 0;
        for (int phase = 0; phase < dimensions.Length - 1; phase++)
            counts += call.Size / dimensions[phase] * (dimensions[phase] - 1);
        return counts;
    }

    /// <summary>The extents, the fastest-running first.</summary>
    private static int[] Dimensions(in CollectiveCall call)
    {
        if (call.Topology.Kind == TopologyKind.Grid && call.Topology.Rows * call.Topology.Columns == call.Size)
            return Longer([.. CartesianShape.Balance(call.Topology.Columns, 2), call.Topology.Rows]);
        return Longer(CartesianShape.Balance(call.Size, 3));
    }

    /// <summary>Without the dimensions of one rank, in which nothing moves; one dimension stays in any case.</summary>
    private static int[] Longer(int[] dimensions) =>
        Array.FindAll(dimensions, extent => extent > 1) is { Length: > 0 } longer ? longer : [1];

    private sealed class Exchange
    {
        private readonly CollectiveCall _call;
        private readonly int[] _dimensions;
        private readonly Dictionary<(int Source, int Destination), Region> _held = [];
        private int _known;

        public Exchange(in CollectiveCall call)
        {
            _call = call;
            _dimensions = Dimensions(call);
            Schedule = new(call);
            for (int destination = 0; destination < call.Size; destination++)
                _held[(call.Rank, destination)] = call.SendBlock(destination);
        }

        public ScheduleBuilder Schedule { get; }

        public int Phases => _dimensions.Length;

        /// <summary>What came in the last phase, block by block.</summary>
        public List<Region> Arrivals { get; } = [];

        /// <summary>Hands every rank along a dimension the blocks that go to its coordinate.</summary>
        public void Run(int phase)
        {
            int stride = 1;
            for (int d = 0; d < phase; d++)
                stride *= _dimensions[d];
            int extent = _dimensions[phase];
            int mine = _call.Rank / stride % extent;
            List<(int Peer, Region Content)> outgoing = [];
            for (int step = 1; step < extent; step++)
            {
                int coordinate = (mine + step) % extent;
                int peer = _call.Rank + (coordinate - mine) * stride;
                outgoing.Add((peer, Pack(Blocks(_call.Rank, stride, extent, coordinate))));
            }

            Schedule.EndRound();
            foreach ((int peer, Region content) in outgoing)
                Schedule.Send(to: peer, content);
            Arrivals.Clear();
            for (int step = 1; step < extent; step++)
            {
                int peer = _call.Rank + ((mine - step + extent) % extent - mine) * stride;
                Receive(peer, Blocks(peer, stride, extent, mine));
            }

            Schedule.EndRound();
        }

        public ScheduleBuilder Deliver()
        {
            foreach (((int source, _), Region place) in _held)
                Schedule.Copy(place, _call.ReceiveBlock(source));
            return Schedule;
        }

        /// <summary>The blocks at a rank before a phase that go to a coordinate of it, the same list on both ends.</summary>
        /// <remarks>
        /// The sources differ from the rank in the coordinates that were changed already, the destinations in the others.
        /// </remarks>
        private List<(int Source, int Destination)> Blocks(int rank, int stride, int extent, int coordinate)
        {
            List<(int Source, int Destination)> blocks = [];
            int high = rank / stride * stride;
            int low = rank % stride;
            for (int s = 0; s < stride; s++)
            {
                for (int d = low + coordinate * stride; d < _call.Size; d += stride * extent)
                    blocks.Add((high + s, d));
            }

            return blocks;
        }

        private Region Pack(List<(int Source, int Destination)> blocks)
        {
            long bytes = 0;
            foreach ((int, int) block in blocks)
                bytes += _held[block].Length;
            Region packed = Schedule.Scratch(bytes);
            long offset = 0;
            foreach ((int, int) block in blocks)
            {
                _held.Remove(block, out Region place);
                Schedule.Copy(place, packed.Slice(offset, place.Length));
                offset += place.Length;
            }

            return packed;
        }

        private void Receive(int peer, List<(int Source, int Destination)> blocks)
        {
            long[] lengths = new long[blocks.Count];
            long bytes = 0;
            for (int i = 0; i < lengths.Length; i++)
            {
                (int source, int destination) = blocks[i];
                lengths[i] = destination == _call.Rank ? _call.ReceiveBlock(source).Length : _call.Bytes;
                if (_call.Known is { } known)
                    lengths[i] = NextKnown(known, lengths[i]);
                bytes += lengths[i];
            }

            Region arrival = Schedule.Scratch(bytes);
            Schedule.Receive(from: peer, arrival);
            long offset = 0;
            for (int i = 0; i < lengths.Length; i++)
            {
                Region place = arrival.Slice(offset, lengths[i]);
                _held[blocks[i]] = place;
                Arrivals.Add(place);
                offset += lengths[i];
            }
        }

        /// <summary>The counts of all but the last phase are known; what comes in the last is for this rank.</summary>
        private long NextKnown(long[] known, long otherwise) => _known < known.Length ? known[_known++] * _call.ElementSize : otherwise;
    }
}
