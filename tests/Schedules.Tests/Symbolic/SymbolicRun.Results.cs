namespace BoxerMpi.Schedules.Tests;

// What everybody must end with.
internal sealed partial record SymbolicRun
{
    private void CheckResult(CollectiveCall call, Cell[] received)
    {
        for (int other = 0; other < Size; other++)
        {
            switch (Collective)
            {
                case Collective.Gather or Collective.GatherV when call.IsRoot:
                case Collective.AllGather or Collective.AllGatherV:
                    Region contributed = call.ReceiveBlock(other);
                    Expect(call, received, contributed, i => Cell.Of(other, i));
                    break;
                case Collective.AllToAll or Collective.AllToAllV:
                    Region sent = Call(other).SendBlock(call.Rank);
                    Expect(call, received, call.ReceiveBlock(other), i => Cell.Of(other, sent.Offset + i));
                    break;
            }
        }

        switch (Collective)
        {
            case Collective.NeighbourAllGather or Collective.NeighbourAllGatherV:
            case Collective.NeighbourAllToAll or Collective.NeighbourAllToAllV:
                CheckNeighbours(call, received);
                break;
            case Collective.Scatter or Collective.ScatterV:
                Region block = Call(Root).SendBlock(call.Rank);
                Expect(call, received, Region.UserReceive(0, block.Length), i => Cell.Of(Root, block.Offset + i));
                break;
            case Collective.AllReduce:
            case Collective.Reduce when call.IsRoot:
                Expect(call, received, Region.UserReceive(0, call.Bytes), i => Cell.Fold(i, Size));
                break;
            case Collective.ReduceScatterBlock or Collective.ReduceScatter:
                Expect(call, received, Region.UserReceive(0, call.Bytes), i => Cell.Fold(call.SendBlock(call.Rank).Offset + i, Size));
                break;
            case Collective.Scan:
                Expect(call, received, Region.UserReceive(0, call.Bytes), i => Cell.Fold(i, call.Rank + 1));
                break;
            case Collective.ExclusiveScan when call.Rank > 0:
                Expect(call, received, Region.UserReceive(0, call.Bytes), i => Cell.Fold(i, call.Rank));
                break;
            case Collective.ExclusiveScan:
                Expect(call, received, Region.UserReceive(0, call.Bytes), i => InPlace ? Cell.Of(0, i) : Cell.Undefined);
                break;
            case Collective.Broadcast:
                Expect(call, received, Region.UserReceive(0, call.Bytes), i => Cell.Of(Root, i));
                break;
        }
    }

    /// <summary>The n-th block that a source sends here fills the n-th of its blocks in the order that the neighbourhood says.</summary>
    private void CheckNeighbours(CollectiveCall call, Cell[] received)
    {
        Neighbourhood own = call.Neighbours!;
        foreach (int source in own.Sources.Where(source => source >= 0).Distinct())
        {
            CollectiveCall sender = Call(source);
            int[] destinations = sender.Neighbours!.Destinations;
            int[] sent = [.. Enumerable.Range(0, destinations.Length).Where(i => destinations[i] == call.Rank)];
            int[] blocks = [.. own.ReceiveOrder.Where(block => own.Sources[block] == source)];
            for (int n = 0; n < blocks.Length; n++)
            {
                bool all = Collective is Collective.NeighbourAllGather or Collective.NeighbourAllGatherV;
                long offset = all ? 0 : sender.SendBlock(sent[n]).Offset;
                Expect(call, received, call.ReceiveBlock(blocks[n]), i => Cell.Of(source, offset + i));
            }
        }
    }

    private static void Expect(CollectiveCall call, Cell[] received, Region region, Func<long, Cell> expected)
    {
        for (long i = 0; i < region.Length; i++)
        {
            Cell cell = received[region.Offset + i];
            if (cell != expected(i))
                throw new ScheduleException($"Rank {call.Rank} has {cell} at {region.Offset + i}, not {expected(i)}.");
        }
    }
}
