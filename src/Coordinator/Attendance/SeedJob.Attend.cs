using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    // Connections of attendants, looked after like those of members; protected by the job's lock.
    private readonly HashSet<SeedConnection> _attending = [];

    /// <summary>Who decides about attendants: the launcher's, or one that lets them start whatever rank is free.</summary>
    internal IAttendanceHost AttendanceHost => Spec.Attendance ?? OpenAttendance.Instance;

    /// <summary>Asks the host about an attendant whose token is proven.</summary>
    /// <returns>The attendant, or <see langword="null"/> when it is turned away or has only probed.</returns>
    internal Attendant? Attend(SeedConnection connection, AttendMessage message)
    {
        if (message.Probe)
        {
            connection.PostAccepted(Describe(-1, connection.Channel.Remote), Spec.Token);
            return null;
        }

        lock (_gate)
        {
            string? over = _closed is not null ? $"has ended: {_closed}" : _abort is not null ? $"was aborted with code {_abort.Code}: {_abort.Message}" : null;
            if (over is not null)
            {
                connection.Reject(RendezvousFailure.WrongJob, $"Job '{Spec.JobId}' {over}");
                return null;
            }

            if (Spec.Attendance is null && _joined == Spec.Size)
            {
                connection.Reject(RendezvousFailure.JobFull, $"Job '{Spec.JobId}' has all its {Spec.Size} ranks; spares are not needed.");
                return null;
            }

            // Before the host is asked, so that the end of the job closes the connection whatever the answer.
            _attending.Add(connection);
        }

        Attendant attendant = new(connection, message);
        AttendanceAnswer answer = AttendanceHost.Arrived(attendant);
        if (answer.Reason is { } reason)
        {
            Unattend(connection);
            connection.Reject(RendezvousFailure.JobFull, reason);
            return null;
        }

        attendant.Take(Describe(answer.Rank, connection.Channel.Remote), Spec.Token);
        return attendant;
    }

    internal void Unattend(SeedConnection connection)
    {
        lock (_gate)
            _attending.Remove(connection);
    }
}
