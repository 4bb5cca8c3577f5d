namespace BoxerMpi.Schedules;

/// <summary>A rank sends each of its destinations the block for it: one round, no block travels twice.</summary>
internal static class NeighbourAllToAllLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return NeighbourSteps.Exchange(call, i => shape.SendBlock(i));
    }
}
