using System.Diagnostics;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Reports;

namespace BoxerMpi.Launching.Places;

/// <summary>Where the ranks of a job run (<c>--on</c>).</summary>
internal interface IPlace
{
    /// <summary>Looks whether the job can run here, and builds its program.</summary>
    /// <returns>Null when no more than that was asked for.</returns>
    Task<PreparedJob?> PrepareAsync(RunOptions options, CancellationToken cancellationToken);
}

/// <summary>A job that can begin.</summary>
/// <param name="Ranks">How many of its ranks run at the place; the others join from elsewhere.</param>
/// <param name="Descriptors">What is going to be opened besides the coordinator's connections.</param>
/// <param name="OpenAsync">Makes what the ranks run on.</param>
internal sealed record PreparedJob(int Ranks, int Descriptors, Func<CancellationToken, Task<IOpenPlace>> OpenAsync);

/// <summary>What the ranks of one job run on, and how they reach its coordinator. Disposing it ends what was made.</summary>
internal interface IOpenPlace : IAsyncDisposable
{
    /// <summary>Starts the coordinator where the ranks reach it; the place says on which addresses.</summary>
    Seed StartSeed(SeedOptions options);

    /// <summary>The job as its coordinator is to know it.</summary>
    JobSpec Spec { get; }

    /// <summary>The ranks, now that the coordinator has the job; they are started later.</summary>
    /// <param name="seed">The coordinator.</param>
    /// <param name="job">The job.</param>
    /// <param name="seat">Its news.</param>
    /// <param name="clock">Counts from the job's start.</param>
    IPlacedRanks Place(Seed seed, SeedJob job, JobSeat seat, Stopwatch clock);
}

/// <summary>The ranks of one job that run at a place.</summary>
internal interface IPlacedRanks : IAsyncDisposable
{
    JobPlan Plan { get; }

    /// <summary>What functions did and cost; null where there are none.</summary>
    FunctionSummary? Functions { get; }

    /// <summary>What starts them.</summary>
    IRankHost Host(RankHostOptions options);

    /// <summary>Lines to print when they have ended.</summary>
    IEnumerable<string> LastWords(JobOutcome outcome);

    /// <summary>They have ended: waits for ranks elsewhere.</summary>
    /// <returns>The job's exit code.</returns>
    Task<int> EndAsync(int exitCode);
}
