namespace BoxerMpi.Schedules;

/// <summary>A rank sends its block to each of its destinations: one round, no block travels twice.</summary>
internal static class NeighbourAllGatherLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        Region own = call.Own;
        return NeighbourSteps.Exchange(call, _ => own);
    }
}
