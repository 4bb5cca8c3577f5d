using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>Plans the calls on a communicator with the same options throughout, and keeps the plans.</summary>
internal sealed class CollectivePlanner(Communicator communicator, CollectiveOptions options)
{
    private readonly CollectiveSelector _selector = new(communicator.Topology, options);
    private readonly PlanCache _plans = new();
    private readonly Lock _gate = new();

    public CollectiveOptions Options => options;

    /// <summary>Whether ranks compare what they call before they do it.</summary>
    public bool Checks => options.Check && communicator.Size > 1;

    /// <summary>How a call would run.</summary>
    public Plan PlanOf(in PlanKey key)
    {
        lock (_gate)
        {
            if (_plans.TryGet(key, out Plan? plan))
                return plan;
            CollectiveAlgorithm algorithm = _selector.Select(key);
            CollectiveCall call = CallOf(key);
            plan = algorithm.BuildCounts is { } buildCounts && call.Size > 1
                ? new(algorithm, Schedule: null, buildCounts(call))
                : new(algorithm, algorithm.Build(call), Counts: null);
            _plans.Add(key, plan);
            return plan;
        }
    }

    /// <summary>Why a call would run so.</summary>
    public CollectiveExplanation Explain(in PlanKey key)
    {
        lock (_gate)
            return _selector.Explain(key);
    }

    public CollectiveCall CallOf(in PlanKey key) => new()
    {
        Collective = key.Collective,
        Rank = communicator.Rank,
        Size = communicator.Size,
        Topology = communicator.Topology,
        Root = key.Root,
        Bytes = key.Bytes,
        ElementSize = key.ElementSize,
        Commutative = key.Commutative,
        StageSend = key.StageSend,
        InPlace = key.InPlace,
        Neighbours = (communicator as NeighbourCommunicator)?.Neighbourhood,
        SendLayout = key.SendLayout,
        ReceiveLayout = key.ReceiveLayout,
        Window = options.Window,
        SegmentBytes = options.SegmentBytes,
    };
}
