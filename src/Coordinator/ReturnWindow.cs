using System.Diagnostics;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>The time in which ranks of a job that ran before this coordinator was started may come back to it.</summary>
/// <remarks>A coordinator that was started again learns of its job from the ranks as they come back.</remarks>
/// <param name="spec">The job.</param>
/// <param name="options">Of its coordinator.</param>
/// <param name="gate">The job's lock, which its caller holds.</param>
internal sealed class ReturnWindow(JobSpec spec, SeedOptions options, Lock gate)
{
    // When the first rank came back.
    private long? _since;

    /// <summary>A rank has come back.</summary>
    public bool HasBegun
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _since is not null;
        }
    }

    /// <summary>Why nobody joins anew.</summary>
    public (RendezvousFailure Reason, string Text) RunsAlready =>
        (RendezvousFailure.JobFull, $"Job '{spec.JobId}' ran before this coordinator was started; only its own ranks may come back to it.");

    /// <summary>The first rank is back.</summary>
    public void Begin(int rank)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _since = options.Time.GetTimestamp();
        options.Log?.Invoke(
            $"Job '{spec.JobId}' runs already: rank {rank} is back, the others may come within {options.ReturnWindow.TotalSeconds:0.#} s.");
    }

    /// <summary>Whether who has not come back by now counts as gone.</summary>
    public bool IsOver(long now) => HasBegun && options.Time.GetElapsedTime(_since!.Value, now) >= options.ReturnWindow;

    /// <summary>Why somebody whom this coordinator does not know cannot come back, or cannot join because others came back.</summary>
    /// <param name="join">What it asks.</param>
    /// <param name="hasStarted">The job has.</param>
    /// <param name="isGone">The rank that it names counts as gone without having come back.</param>
    public (RendezvousFailure Reason, string Text)? Refusal(JoinMessage join, bool hasStarted, bool isGone)
    {
        if (!join.Resumed)
            return HasBegun ? RunsAlready : null;
        if (!HasBegun && hasStarted)
        {
            return (
                RendezvousFailure.WrongJob,
                $"A rank comes back to job '{spec.JobId}', but this job of that name has started without it.");
        }

        if (join.RequestedRank < 0)
            return (RendezvousFailure.WrongJob, $"Whoever comes back to job '{spec.JobId}' has to say as which rank.");
        return isGone
            ? (RendezvousFailure.JobFull, $"Rank {join.RequestedRank} comes back to job '{spec.JobId}' too late; it counts as gone.")
            : null;
    }
}
