namespace BoxerMpi.Schedules;

/// <summary>The root sends to everybody: one round, P−1 messages from one rank.</summary>
/// <remarks>Best for two or three ranks.</remarks>
internal static class BroadcastFlat
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.Broadcast(
        new(call), SpanningTree.Flat(call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes)).Build();
}
