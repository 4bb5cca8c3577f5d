namespace BoxerMpi.Schedules;

/// <summary>Chooses the algorithm of a call among those that the call and the topology's links allow.</summary>
/// <remarks>
/// In this order: what options or environment ask for; the user's rules; the least time by the link model (docs/cost-model.md). All ranks
/// must choose alike, so only what all know counts: not the lengths of calls with counts, where those differ by rank. Choices are kept by
/// size class, so that a program whose lengths all differ does not pay for each of them.
/// </remarks>
internal sealed class CollectiveSelector(Topology topology, CollectiveOptions options)
{
    private const int ListedLinks = 6;

    /// <summary>What blocks are taken to be long in calls with counts, where no rank knows what the others send.</summary>
    private const long TypicalBlockBytes = 8 * 1024;

    /// <summary>Above, routing takes longer to plan than to do: a tree for every destination.</summary>
    private const int MostRoutedRanks = 128;

    private readonly Dictionary<(CollectiveAlgorithm Algorithm, int Root, bool Commutative), bool> _fits = [];
    private readonly Dictionary<PlanKey, CollectiveAlgorithm> _choices = [];
    private readonly CostEstimator _estimator = new(topology, options.Link, options.RanksPerCore);

    private int Size => topology.Size;

    /// <summary>The algorithm for a call.</summary>
    /// <exception cref="InvalidOperationException">The one that options or environment ask for cannot serve it.</exception>
    public CollectiveAlgorithm Select(in PlanKey call)
    {
        if (options.AlgorithmOf(call.Collective) is { } asked)
            return Asked(CollectiveAlgorithms.Find(call.Collective, asked)!, call);
        if (RuleFor(call) is { } rule)
            return CollectiveAlgorithms.Find(call.Collective, rule.Algorithm)!;

        PlanKey shape = ClassOf(call);
        if (!_choices.TryGetValue(shape, out CollectiveAlgorithm? choice))
        {
            choice = Cheapest(shape);
            _choices.Add(shape, choice);
        }

        return choice;
    }

    /// <summary>Whether the call and the links allow an algorithm.</summary>
    public bool Allows(CollectiveAlgorithm algorithm, in PlanKey call)
    {
        if (algorithm.Refusal(call.Commutative) is not null || (MustFoldInOrder(call) && !algorithm.FoldsInOrder))
            return false;
        (CollectiveAlgorithm, int, bool) key = (algorithm, call.Root, call.Commutative);
        if (!_fits.TryGetValue(key, out bool fits))
        {
            fits = algorithm.MissingLinks(topology, call.Root, call.Commutative, listed: 0, countAll: false).Count == 0;
            _fits.Add(key, fits);
        }

        return fits;
    }

    /// <summary>All algorithms of the call's collective: what each would take, or why it cannot serve, and which one does.</summary>
    /// <exception cref="InvalidOperationException">The one that options or environment ask for cannot serve the call.</exception>
    public CollectiveExplanation Explain(in PlanKey call)
    {
        PlanKey shape = ClassOf(call);
        CollectiveAlgorithm chosen = Select(call);
        List<CollectiveCandidate> candidates = [];
        foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(call.Collective))
        {
            bool isChosen = algorithm == chosen;
            string? refusal = IsLastResort(algorithm) && !isChosen
                ? $"is planned above {MostRoutedRanks} ranks only where nothing else serves"
                : Allows(algorithm, call) ? null : RefusalOf(algorithm, call);
            candidates.Add(refusal is not null || call.Collective.IsAmongNeighbours()
                ? new() { Algorithm = algorithm.Name, Refusal = refusal, IsChosen = isChosen }
                : CandidateOf(algorithm, _estimator.Estimate(algorithm, CallOf(shape)), isChosen));
        }

        string reason = options.AlgorithmOf(call.Collective) is not null ? "asked for by options or environment"
            : RuleFor(call) is { } rule ? $"rule {rule.Number} of {options.Rules!.Source}"
            : candidates.Count(candidate => candidate.Refusal is null) == 1 ? "the only one that can serve"
            : $"least predicted time by the model '{options.Link.Name}'";
        return new()
        {
            Collective = call.Collective.ToString(),
            Ranks = Size,
            Bytes = call.Bytes,
            ModelBytes = shape.Bytes,
            Topology = topology.Spec,
            Model = options.Link.Name,
            RanksPerCore = options.RanksPerCore,
            Candidates = candidates,
            Chosen = chosen.Name,
            Reason = reason,
        };
    }

    private bool IsLastResort(CollectiveAlgorithm algorithm) => Size > MostRoutedRanks && algorithm.FollowsTopology
        && algorithm.Collective is (Collective.AllToAll or Collective.AllToAllV);

    private static CollectiveCandidate CandidateOf(CollectiveAlgorithm algorithm, in CostEstimate cost, bool isChosen) => new()
    {
        Algorithm = algorithm.Name,
        IsChosen = isChosen,
        PredictedSeconds = cost.Seconds,
        Rounds = cost.Rounds,
        Messages = cost.Messages,
        SentBytes = cost.Bytes,
        ReducedBytes = cost.ReducedBytes,
        CopiedBytes = cost.CopiedBytes,
    };

    /// <summary>The call that stands for all calls of its size class, as all ranks see it.</summary>
    /// <remarks>
    /// Sizes of one class agree in their four highest bits. Layouts differ by rank, and the root matters only where links differ.
    /// </remarks>
    private PlanKey ClassOf(in PlanKey call)
    {
        long bytes = call.Collective switch
        {
            Collective.Barrier => 0,
            // What one rank contributes to AllGatherV or gets of ReduceScatter differs, the sum does not.
            Collective.AllGatherV => (call.ReceiveLayout?.Total ?? 0) * call.ElementSize / Size,
            Collective.ReduceScatter => (call.SendLayout?.Total ?? 0) * call.ElementSize / Size,
            Collective.AllToAllV or Collective.GatherV or Collective.ScatterV => TypicalBlockBytes,
            _ => call.Bytes,
        };
        int shift = Math.Max(0, 60 - System.Numerics.BitOperations.LeadingZeroCount((ulong)bytes));
        bytes = bytes >> shift << shift;
        bytes = Math.Max(bytes / call.ElementSize, Math.Min(bytes, 1)) * call.ElementSize;
        return new(call.Collective, bytes, call.ElementSize)
        {
            Root = topology.Kind == TopologyKind.Mesh ? 0 : call.Root,
            Commutative = call.Commutative,
        };
    }

    private CollectiveAlgorithm Cheapest(in PlanKey shape)
    {
        List<CollectiveAlgorithm> allowed = [];
        foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(shape.Collective))
        {
            if (Allows(algorithm, shape))
                allowed.Add(algorithm);
        }

        if (allowed.Count > 1)
            allowed.RemoveAll(IsLastResort);
        if (allowed.Count == 0)
            throw new InvalidOperationException($"No algorithm of {shape.Collective} serves {topology.Spec} of {Size} ranks.");
        if (allowed.Count == 1 || Size == 1 || shape.Collective.IsAmongNeighbours())
            return allowed[0];

        CollectiveCall call = CallOf(shape);
        CollectiveAlgorithm cheapest = allowed[0];
        double least = double.PositiveInfinity;
        foreach (CollectiveAlgorithm algorithm in allowed)
        {
            double seconds = _estimator.Estimate(algorithm, call).Seconds;
            if (seconds < least)
                (cheapest, least) = (algorithm, seconds);
        }

        return cheapest;
    }

    private CollectiveCall CallOf(in PlanKey shape) => new()
    {
        Collective = shape.Collective,
        Rank = 0,
        Size = Size,
        Topology = topology,
        Root = shape.Root,
        Bytes = shape.Bytes,
        ElementSize = shape.ElementSize,
        Commutative = shape.Commutative,
        Window = options.Window,
        SegmentBytes = options.SegmentBytes,
    };

    private CollectiveRule? RuleFor(in PlanKey call)
    {
        if (options.Rules is not { } rules)
            return null;
        long bytes = call.Collective is Collective.AllToAllV or Collective.GatherV or Collective.ScatterV or Collective.AllGatherV
            ? ClassOf(call).Bytes
            : call.Bytes;
        foreach (CollectiveRule rule in rules.Rules)
        {
            if (rule.Covers(call.Collective, Size, bytes, topology.Kind)
                && Allows(CollectiveAlgorithms.Find(rule.Collective, rule.Algorithm)!, call))
                return rule;
        }

        return null;
    }

    private bool MustFoldInOrder(in PlanKey call) =>
        options.Deterministic && call.Collective is (Collective.Reduce or Collective.AllReduce or Collective.ReduceScatterBlock
            or Collective.ReduceScatter or Collective.Scan or Collective.ExclusiveScan);

    private CollectiveAlgorithm Asked(CollectiveAlgorithm algorithm, in PlanKey call)
    {
        if (Allows(algorithm, call))
            return algorithm;
        throw new InvalidOperationException(
            $"{call.Collective} was told to use '{algorithm.Name}', which {RefusalOf(algorithm, call)}. " +
            "Use another algorithm, or a topology with the links that it needs.");
    }

    /// <summary>Why an algorithm cannot serve a call.</summary>
    private string RefusalOf(CollectiveAlgorithm algorithm, in PlanKey call)
    {
        if (algorithm.Refusal(call.Commutative) is { } refusal)
            return refusal;
        if (MustFoldInOrder(call) && !algorithm.FoldsInOrder)
            return "does not fold in the order of the ranks, as deterministic results need";
        (List<(int A, int B)> links, int count) = algorithm.MissingLinks(
            topology, call.Root, call.Commutative, ListedLinks, countAll: true);
        string listed = string.Join(", ", links.ConvertAll(link => $"{link.A}-{link.B}"));
        return $"needs {count} links that {topology.Spec} lacks: {listed}{(count > links.Count ? ", …" : "")}";
    }
}
