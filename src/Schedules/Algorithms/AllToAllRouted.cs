using System.Runtime.InteropServices;

namespace BoxerMpi.Schedules;

/// <summary>
/// Every block travels a shortest path over the topology's links, all blocks one link a round; what goes over a link in a round
/// goes as one message. As many rounds as the topology's diameter.
/// </summary>
/// <remarks>
/// For sparse topologies: trees, rings, stars, hypercubes, any edges. With counts, a rank must know those of the blocks it passes on:
/// <see cref="BuildCounts"/> brings them along the same paths.
/// </remarks>
internal static class AllToAllRouted
{
    public static Schedule Build(in CollectiveCall call) => Steps(call, new(call), (_, _) => { }).Build();

    /// <summary>
    /// Sends counts the way of the blocks, but for the last link: the destination knows them. They arrive in the order of
    /// <see cref="Build"/>.
    /// </summary>
    /// <remarks>The send buffer holds a count for each rank.</remarks>
    public static Schedule BuildCounts(in CollectiveCall call)
    {
        CollectiveCall counts = call with
        {
            SendLayout = null,
            ReceiveLayout = null,
            Known = null,
            Bytes = sizeof(long),
            ElementSize = sizeof(long),
            StageSend = false,
        };
        long offset = 0;
        return Steps(counts, new(counts, isPassingOnly: true), Keep).Build();

        void Keep(ScheduleBuilder builder, Region block)
        {
            builder.Copy(block, Region.UserReceive(offset, block.Length));
            offset += block.Length;
        }
    }

    public static int CountsLength(in CollectiveCall call)
    {
        int passing = 0;
        foreach (List<Block> blocks in new Routes(call, isPassingOnly: true).Arrivals.Values)
            passing += blocks.Count;
        return passing;
    }

    private static ScheduleBuilder Steps(in CollectiveCall call, Routes routes, Action<ScheduleBuilder, Region> onPassing)
    {
        ScheduleBuilder schedule = new(call);
        int rank = call.Rank;
        Dictionary<Block, long> lengths = Lengths(call, routes);

        // A block leaves in the round after it came: it is packed at the end of that round, so one area each way serves all rounds.
        Region incoming = schedule.Scratch(LargestRound(routes.Arrivals, lengths));
        Region outgoing = schedule.Scratch(LargestRound(routes.Departures, lengths));
        Dictionary<Block, Region> places = [];
        List<(int Peer, Region Bundle)> packed = [];
        if (!routes.IsPassingOnly)
            schedule.Copy(call.SendBlock(rank), call.ReceiveBlock(rank));

        for (int round = 0; round <= routes.Rounds; round++)
        {
            long offset = 0;
            List<Block> arrived = [];
            foreach ((int peer, List<Block> blocks) in Routes.Of(routes.Arrivals, round))
            {
                long start = offset;
                foreach (Block block in blocks)
                {
                    places[block] = incoming.Slice(offset, lengths[block]);
                    offset += lengths[block];
                }

                schedule.Receive(from: peer, incoming.Slice(start, offset - start));
                arrived.AddRange(blocks);
            }

            foreach ((int peer, Region bundle) in packed)
                schedule.Send(to: peer, bundle);

            foreach (Block block in arrived)
            {
                if (block.Destination != rank)
                    onPassing(schedule, places[block]);
                else
                    schedule.Copy(places[block], call.ReceiveBlock(block.Source));
            }

            packed.Clear();
            offset = 0;
            foreach ((int peer, List<Block> blocks) in Routes.Of(routes.Departures, round + 1))
            {
                long start = offset;
                foreach (Block block in blocks)
                {
                    Region source = block.Source == rank ? call.SendBlock(block.Destination) : places[block];
                    schedule.Copy(source, outgoing.Slice(offset, source.Length));
                    offset += source.Length;
                }

                packed.Add((peer, outgoing.Slice(start, offset - start)));
            }

            schedule.EndRound();
            places.Clear();
        }

        return schedule;
    }

    private static Dictionary<Block, long> Lengths(in CollectiveCall call, Routes routes)
    {
        Dictionary<Block, long> lengths = [];
        int known = 0;
        foreach (List<Block> blocks in routes.Arrivals.Values)
        {
            foreach (Block block in blocks)
            {
                lengths[block] = block.Destination == call.Rank ? call.ReceiveBlock(block.Source).Length
                    : call.Known is { } counts ? counts[known++] * call.ElementSize
                    : call.Bytes;
            }
        }

        for (int destination = 0; destination < call.Size; destination++)
            lengths[new(destination, call.Rank)] = call.SendBlock(destination).Length;
        return lengths;
    }

    private static long LargestRound(SortedDictionary<(int Round, int Peer), List<Block>> messages, Dictionary<Block, long> lengths)
    {
        Dictionary<int, long> rounds = [];
        long largest = 0;
        foreach (((int round, _), List<Block> blocks) in messages)
        {
            ref long bytes = ref CollectionsMarshal.GetValueRefOrAddDefault(rounds, round, out _);
            foreach (Block block in blocks)
                bytes += lengths[block];
            largest = Math.Max(largest, bytes);
        }

        return largest;
    }

    private readonly record struct Block(int Destination, int Source);

    /// <summary>Which blocks come to this rank and leave it, in which round and from or to which neighbour.</summary>
    /// <remarks>Both ends of a link list the blocks of a round in the same order: by destination, then in the order of its tree.</remarks>
    private sealed class Routes
    {
        /// <param name="call">The call.</param>
        /// <param name="isPassingOnly">Leaves out the last link of every way.</param>
        public Routes(in CollectiveCall call, bool isPassingOnly = false)
        {
            IsPassingOnly = isPassingOnly;
            int[] distance = new int[call.Size];
            for (int destination = 0; destination < call.Size; destination++)
            {
                // Shortest paths to one destination make a tree; the blocks that come by are those of the ranks below this one.
                SpanningTree tree = SpanningTree.Over(call.Topology, destination);
                distance[call.Rank] = 0;
                bool leaves = call.Rank != destination && !(isPassingOnly && tree.Parent(call.Rank) == destination);
                bool arrives = call.Rank != destination || !isPassingOnly;
                if (leaves)
                    Add(Departures, 1, tree.Parent(call.Rank), new(destination, call.Rank));
                foreach (int child in tree.Children(call.Rank))
                {
                    foreach (int source in tree.Subtree(child))
                    {
                        distance[source] = distance[tree.Parent(source)] + 1;
                        if (arrives)
                            Add(Arrivals, distance[source], child, new(destination, source));
                        if (leaves)
                            Add(Departures, distance[source] + 1, tree.Parent(call.Rank), new(destination, source));
                    }
                }
            }
        }

        /// <summary>Whether the last link of every way is left out.</summary>
        public bool IsPassingOnly { get; }

        public SortedDictionary<(int Round, int Peer), List<Block>> Arrivals { get; } = [];

        public SortedDictionary<(int Round, int Peer), List<Block>> Departures { get; } = [];

        public int Rounds { get; private set; }

        public static IEnumerable<(int Peer, List<Block> Blocks)> Of(
            SortedDictionary<(int Round, int Peer), List<Block>> messages, int round)
        {
            foreach (((int at, int peer), List<Block> blocks) in messages)
            {
                if (at == round)
                    yield return (peer, blocks);
            }
        }

        private void Add(SortedDictionary<(int Round, int Peer), List<Block>> messages, int round, int peer, Block block)
        {
            Rounds = Math.Max(Rounds, round);
            if (!messages.TryGetValue((round, peer), out List<Block>? blocks))
                messages[(round, peer)] = blocks = [];
            blocks.Add(block);
        }
    }
}
