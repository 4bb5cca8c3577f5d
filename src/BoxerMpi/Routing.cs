using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>What a job does with messages between ranks that have no link.</summary>
internal static class Routing
{
    /// <summary>Sends to every rank off the topology go to the next one on the shortest path.</summary>
    public static void AddRoutes(Messenger messenger, Topology topology)
    {
        for (int rank = 0; rank < messenger.Size; rank++)
        {
            if (rank != messenger.Rank && !topology.HasLink(messenger.Rank, rank))
                messenger.AddRoute(rank, topology.NextHop(messenger.Rank, rank));
        }

        messenger.Engine.ProgressAlways();
    }

    public static LinkException Refused(int from, int to, Topology topology) => new(
        to,
        LinkStage.Resolve,
        0,
        $"Rank {from} may not send to rank {to}: the topology {topology.Spec} has no such link, and the job's setting " +
        $"{nameof(LocalClusterOptions.OffTopology)} is {OffTopologyPolicy.Refuse}. Use {OffTopologyPolicy.Connect} or {OffTopologyPolicy.Relay}, or a topology with this link.")
    {
        Rank = from,
        Operation = "Send",
    };
}
