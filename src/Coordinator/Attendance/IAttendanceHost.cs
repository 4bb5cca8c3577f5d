using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>Decides about the attendants of one job and hears what they tell: the launcher's side of ranks that others start.</summary>
/// <remarks>
/// An attendant is what starts a rank where the launcher cannot, such as the bootstrap of a function. It asks the coordinator
/// which rank to start, starts it, passes on what it writes, and tells how it ended. Calls about one attendant come one after
/// another, the last of them <see cref="Exited"/> or <see cref="Lost"/>; calls about different ones may come at the same time.
/// They come on the coordinator's threads and must neither block nor throw.
/// </remarks>
internal interface IAttendanceHost
{
    /// <summary>An attendant asks which rank to start. A rejected one is not heard of again.</summary>
    AttendanceAnswer Arrived(Attendant attendant);

    /// <summary>Its program wrote something.</summary>
    /// <param name="attendant">Whose.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="bytes">What; valid until the task completes. Pieces may end anywhere, within a character too.</param>
    /// <returns>
    /// Completes when the host can take more: nothing is read from the attendant before, so that its program waits in the end.
    /// </returns>
    ValueTask WroteAsync(Attendant attendant, AttendedStream stream, ReadOnlyMemory<byte> bytes);

    /// <summary>Its program has ended; all that it wrote has been told.</summary>
    void Exited(Attendant attendant, AttendedExit exit);

    /// <summary>The connection ended, or was silent for too long, before the program's end was told.</summary>
    /// <param name="attendant">Whose.</param>
    /// <param name="reason">Why, as far as is known.</param>
    void Lost(Attendant attendant, string reason);
}

/// <summary>What a host answers an attendant: which rank to start, or why none.</summary>
internal readonly record struct AttendanceAnswer
{
    private AttendanceAnswer(int rank, string? reason) => (Rank, Reason) = (rank, reason);

    /// <summary>The rank to start, or -1 for whichever is free when it joins.</summary>
    public int Rank { get; }

    /// <summary>Why none is to be started; <see langword="null"/> when one is.</summary>
    public string? Reason { get; }

    /// <summary>Start a rank, the next that is free.</summary>
    public static AttendanceAnswer RunAny { get; } = new(-1, null);

    public static AttendanceAnswer Run(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        return new AttendanceAnswer(rank, null);
    }

    /// <param name="reason">What the attendant reports, such as that the job has all its ranks.</param>
    public static AttendanceAnswer Reject(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return new AttendanceAnswer(-1, reason);
    }
}

/// <summary>Where no launcher cares: attendants start whatever rank is free, and what their programs write is theirs.</summary>
internal sealed class OpenAttendance : IAttendanceHost
{
    public static OpenAttendance Instance { get; } = new();

    public AttendanceAnswer Arrived(Attendant attendant) => AttendanceAnswer.RunAny;

    public ValueTask WroteAsync(Attendant attendant, AttendedStream stream, ReadOnlyMemory<byte> bytes) => default;

    public void Exited(Attendant attendant, AttendedExit exit)
    {
    }

    public void Lost(Attendant attendant, string reason)
    {
    }
}
