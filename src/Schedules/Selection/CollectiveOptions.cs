using BoxerMpi.Schedules;

namespace BoxerMpi;

/// <summary>How a communicator runs its collectives. Every rank of the communicator needs the same.</summary>
/// <remarks>
/// A new instance has the defaults; <see cref="Default"/> has what the environment says. Algorithm names are those of docs/collectives.md.
/// The environment variable of an algorithm is BOXER_COLLECTIVE_ and the collective's name, such as BOXER_COLLECTIVE_ALLTOALL=grid.
/// </remarks>
public sealed record CollectiveOptions
{
    private AlgorithmChoices Algorithms { get; init; } = AlgorithmChoices.None;

    /// <summary>What the environment says, and defaults where it says nothing.</summary>
    /// <exception cref="InvalidOperationException">A BOXER_COLLECTIVE_ variable has an unknown name or value.</exception>
    public static CollectiveOptions Default => CollectiveEnvironment.Read();

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

    /// <summary>The algorithm that was asked for by <see cref="With"/>; null where the choice is the library's.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such collective.</exception>
    public string? AlgorithmOf(Collective collective) => Algorithms.Of(collective);

    /// <summary>The same options with an algorithm for one collective.</summary>
    /// <param name="collective">The collective that uses it.</param>
    /// <param name="algorithm">Its name, in any case; null leaves the choice to the library.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such collective.</exception>
    /// <exception cref="ArgumentException">The collective has no such algorithm.</exception>
    public CollectiveOptions With(Collective collective, string? algorithm) =>
        this with { Algorithms = Algorithms.With(collective, algorithm) };

    private static int Positive(int value, string name) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} is more than zero.");
}
