namespace BoxerMpi.Schedules;

/// <summary>One partner each way at a time: P−1 rounds, for very long blocks.</summary>
internal static class AllToAllPairwise
{
    public static Schedule Build(in CollectiveCall call) => AllToAllLinear.Build(call, window: 1);
}
