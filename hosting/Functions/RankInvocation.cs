using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Functions;

/// <summary>How far an invocation has come.</summary>
internal enum InvocationStage
{
    /// <summary>Lambda has not taken it yet.</summary>
    Asking,

    /// <summary>Lambda has taken it; the function has not been heard of.</summary>
    Invoked,

    /// <summary>It runs a rank.</summary>
    Running,

    /// <summary>Its rank's program has ended, and it has told how.</summary>
    Ended,

    /// <summary>It was not needed.</summary>
    TurnedAway,

    /// <summary>It was heard of, and its connection broke.</summary>
    Lost,
}

/// <summary>One invocation that may become a rank. Guarded by the lock of all of them; times are timestamps of their clock.</summary>
internal sealed class RankInvocation(int number)
{
    public int Number => number;

    public InvocationStage Stage { get; set; }

    public Attendant? Attendant { get; set; }

    public FunctionRank? Rank { get; set; }

    public long Arrived { get; set; }

    public long Gone { get; set; }

    public AttendedExit? Exit { get; set; }

    /// <summary>Whether it may still come.</summary>
    public bool IsUnderWay => Stage is InvocationStage.Asking or InvocationStage.Invoked;
}

/// <summary>How many invocations are where.</summary>
/// <param name="Needed">Ranks that are to be functions.</param>
/// <param name="Seated">Ranks that a function runs or has run.</param>
/// <param name="Asked">Invocations begun.</param>
/// <param name="Invoked">Invocations that Lambda has taken.</param>
/// <param name="UnderWay">Those that may still come.</param>
/// <param name="Heard">Functions that have been heard of.</param>
/// <param name="TurnedAway">Those that were not needed.</param>
/// <param name="Lost">Those whose connection broke.</param>
internal readonly record struct InvocationCount(int Needed, int Seated, int Asked, int Invoked, int UnderWay, int Heard, int TurnedAway, int Lost)
{
    public int Missing => Needed - Seated;
}
