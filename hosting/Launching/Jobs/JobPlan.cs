using BoxerMpi.Launching.Hosts;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>What is to be run: one request a rank, and the times that bound it.</summary>
/// <param name="Size">Number of ranks.</param>
/// <param name="RequestOf">Program, arguments and environment of a rank.</param>
/// <param name="Timeout">Time for the whole job; null for no limit.</param>
/// <param name="Grace">Time between TERM and KILL, and between telling ranks of an abort and TERM.</param>
/// <param name="SampleMemory">Whether somebody will want to know the ranks' memory.</param>
internal sealed record JobPlan(int Size, Func<int, SpawnRequest> RequestOf, TimeSpan? Timeout, TimeSpan Grace, bool SampleMemory)
{
    /// <summary>What marks their processes in their environment; nothing where they run elsewhere.</summary>
    public string Mark { get; init; } = "";

    /// <summary>Who reads standard input.</summary>
    public StandardInput Input { get; init; }

    /// <summary>Whether signals to this process are the job's.</summary>
    public bool HeedsSignals { get; init; } = true;

    /// <summary>Whether a rank that is lost before the job has started may come from elsewhere, or a second time.</summary>
    public bool MayBeReplaced { get; init; }

    /// <summary>Completes with the reason when what the ranks run on is broken.</summary>
    public Task<string>? Broken { get; init; }

    /// <summary>Files and folders that go with the launcher, should it be killed.</summary>
    public IReadOnlyList<string> Leftovers { get; init; } = [];
}

/// <summary>How a job ended.</summary>
/// <param name="ExitCode">What the launcher exits with.</param>
/// <param name="Failure">Who or what is to blame; null after success.</param>
/// <param name="Announced">Whether the blame has been printed already.</param>
/// <param name="TimedOut">Whether the time given to the job was over.</param>
/// <param name="Signal">The signal that ended the launcher, or 0.</param>
/// <param name="Ranks">Every rank's process.</param>
/// <param name="Elapsed">From the start of the first rank to the end of the last.</param>
internal sealed record JobOutcome(
    int ExitCode,
    Failure? Failure,
    bool Announced,
    bool TimedOut,
    int Signal,
    IReadOnlyList<RankRecord> Ranks,
    TimeSpan Elapsed);
