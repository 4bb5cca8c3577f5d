using BoxerMpi.Schedules;

namespace BoxerMpi;

/// <summary>How a communicator runs its collectives. Every rank of the communicator needs the same.</summary>
/// <remarks>
/// Algorithm names are those of docs/collectives.md; null leaves the choice to the library. The environment variable of an
/// algorithm is BOXER_COLLECTIVE_ and the collective's name, such as BOXER_COLLECTIVE_ALLTOALL=grid. What a program sets wins over it.
/// </remarks>
public sealed record CollectiveOptions
{
    /// <summary>What the environment says, and defaults where it says nothing.</summary>
    /// <exception cref="InvalidOperationException">A BOXER_COLLECTIVE_ variable has an unknown name or value.</exception>
    public CollectiveOptions()
        : this(CollectiveEnvironment.Read())
    {
    }

    private CollectiveOptions(bool isPlain) => _ = isPlain;

    /// <summary>What the environment says, and defaults where it says nothing.</summary>
    /// <exception cref="InvalidOperationException">A BOXER_COLLECTIVE_ variable has an unknown name or value.</exception>
    public static CollectiveOptions Default => CollectiveEnvironment.Read();

    /// <summary>Defaults, whatever the environment says.</summary>
    internal static CollectiveOptions Plain { get; } = new(isPlain: true);

    /// <summary>Algorithm of Barrier.</summary>
    public string? Barrier { get; init => field = Checked(Collective.Barrier, value); }

    /// <summary>Algorithm of Broadcast.</summary>
    public string? Broadcast { get; init => field = Checked(Collective.Broadcast, value); }

    /// <summary>Algorithm of Reduce.</summary>
    public string? Reduce { get; init => field = Checked(Collective.Reduce, value); }

    /// <summary>Algorithm of AllReduce.</summary>
    public string? AllReduce { get; init => field = Checked(Collective.AllReduce, value); }

    /// <summary>Algorithm of Gather.</summary>
    public string? Gather { get; init => field = Checked(Collective.Gather, value); }

    /// <summary>Algorithm of GatherV.</summary>
    public string? GatherV { get; init => field = Checked(Collective.GatherV, value); }

    /// <summary>Algorithm of Scatter.</summary>
    public string? Scatter { get; init => field = Checked(Collective.Scatter, value); }

    /// <summary>Algorithm of ScatterV.</summary>
    public string? ScatterV { get; init => field = Checked(Collective.ScatterV, value); }

    /// <summary>Algorithm of AllGather.</summary>
    public string? AllGather { get; init => field = Checked(Collective.AllGather, value); }

    /// <summary>Algorithm of AllGatherV.</summary>
    public string? AllGatherV { get; init => field = Checked(Collective.AllGatherV, value); }

    /// <summary>Algorithm of AllToAll.</summary>
    public string? AllToAll { get; init => field = Checked(Collective.AllToAll, value); }

    /// <summary>Algorithm of AllToAllV.</summary>
    public string? AllToAllV { get; init => field = Checked(Collective.AllToAllV, value); }

    /// <summary>Algorithm of ReduceScatterBlock.</summary>
    public string? ReduceScatterBlock { get; init => field = Checked(Collective.ReduceScatterBlock, value); }

    /// <summary>Algorithm of ReduceScatter.</summary>
    public string? ReduceScatter { get; init => field = Checked(Collective.ReduceScatter, value); }

    /// <summary>Algorithm of Scan.</summary>
    public string? Scan { get; init => field = Checked(Collective.Scan, value); }

    /// <summary>Algorithm of ExclusiveScan.</summary>
    public string? ExclusiveScan { get; init => field = Checked(Collective.ExclusiveScan, value); }

    /// <summary>Most messages that an exchange with everybody has in flight each way. Default 32. BOXER_COLLECTIVE_WINDOW.</summary>
    public int Window { get; init => field = Positive(value, nameof(Window)); } = CollectiveCall.DefaultWindow;

    /// <summary>
    /// Piece of a vector that is passed on while the next one arrives, in bytes. Default 131,072. BOXER_COLLECTIVE_SEGMENT_BYTES.
    /// </summary>
    public int SegmentBytes { get; init => field = Positive(value, nameof(SegmentBytes)); } = CollectiveCall.DefaultSegmentBytes;

    /// <summary>
    /// Whether ranks compare what they call before each collective, and report who calls something else. Default false.
    /// BOXER_COLLECTIVE_CHECK=1.
    /// </summary>
    public bool Check { get; init; }

    /// <summary>
    /// Whether reductions fold strictly in the order of the ranks, so that results have the same bits whatever the algorithm.
    /// Default false. BOXER_COLLECTIVE_DETERMINISTIC=1.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>
    /// How many ranks share a core, which decides whether few messages or few rounds are better. Default 1. BOXER_RANKS_PER_CORE,
    /// which the launcher sets.
    /// </summary>
    public double RanksPerCore
    {
        get;
        init => field = value > 0 && double.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(RanksPerCore), value, "Ranks per core are more than zero.");
    } = 1;

    /// <summary>
    /// The link model that algorithms are chosen by: <c>local</c>, <c>lambda</c>, a file that <c>boxer calibrate</c> wrote, or such
    /// a file's text. Default local. BOXER_MODEL.
    /// </summary>
    /// <exception cref="ArgumentException">It is none of these, or the file is wrong.</exception>
    public string Model
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            Link = LinkModels.Read(value);
            field = value;
        }
    } = LinkModels.Local.Name;

    /// <summary>
    /// A JSON file of rules that win over the model (docs/collectives.md, "Rules"); null for none. BOXER_COLLECTIVE_RULES.
    /// </summary>
    /// <exception cref="ArgumentException">The file cannot be read, or has an unknown name; the message has its line.</exception>
    public string? RulesFile
    {
        get;
        init
        {
            Rules = value is null ? null : CollectiveRules.Load(value);
            field = value;
        }
    }

    internal LinkModel Link { get; private init; } = LinkModels.Local;

    internal CollectiveRules? Rules { get; init; }

    internal string? AlgorithmOf(Collective collective) => collective switch
    {
        Collective.Barrier => Barrier,
        Collective.Broadcast => Broadcast,
        Collective.Reduce => Reduce,
        Collective.AllReduce => AllReduce,
        Collective.Gather => Gather,
        Collective.GatherV => GatherV,
        Collective.Scatter => Scatter,
        Collective.ScatterV => ScatterV,
        Collective.AllGather => AllGather,
        Collective.AllGatherV => AllGatherV,
        Collective.AllToAll => AllToAll,
        Collective.AllToAllV => AllToAllV,
        Collective.ReduceScatterBlock => ReduceScatterBlock,
        Collective.ReduceScatter => ReduceScatter,
        Collective.Scan => Scan,
        Collective.ExclusiveScan => ExclusiveScan,
        _ => null,
    };

    internal CollectiveOptions With(Collective collective, string algorithm) => collective switch
    {
        Collective.Barrier => this with { Barrier = algorithm },
        Collective.Broadcast => this with { Broadcast = algorithm },
        Collective.Reduce => this with { Reduce = algorithm },
        Collective.AllReduce => this with { AllReduce = algorithm },
        Collective.Gather => this with { Gather = algorithm },
        Collective.GatherV => this with { GatherV = algorithm },
        Collective.Scatter => this with { Scatter = algorithm },
        Collective.ScatterV => this with { ScatterV = algorithm },
        Collective.AllGather => this with { AllGather = algorithm },
        Collective.AllGatherV => this with { AllGatherV = algorithm },
        Collective.AllToAll => this with { AllToAll = algorithm },
        Collective.AllToAllV => this with { AllToAllV = algorithm },
        Collective.ReduceScatterBlock => this with { ReduceScatterBlock = algorithm },
        Collective.ReduceScatter => this with { ReduceScatter = algorithm },
        Collective.Scan => this with { Scan = algorithm },
        Collective.ExclusiveScan => this with { ExclusiveScan = algorithm },
        _ => CollectiveAlgorithms.Find(collective, algorithm) is null
            ? throw new ArgumentException(
                $"{collective} has no algorithm '{algorithm}'; it has {CollectiveAlgorithms.Names(collective)}.", nameof(algorithm))
            : this,
    };

    private static string? Checked(Collective collective, string? name)
    {
        if (name is null || CollectiveAlgorithms.Find(collective, name) is not null)
            return name;
        throw new ArgumentException(
            $"{collective} has no algorithm '{name}'; it has {CollectiveAlgorithms.Names(collective)}.", collective.ToString());
    }

    private static int Positive(int value, string name) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} is more than zero.");
}
