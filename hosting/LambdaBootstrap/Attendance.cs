using BoxerMpi.Control;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>Asks the coordinator which rank to start.</summary>
internal static class Attendance
{
    // A launcher that probes waits for the answer; of many functions that come at once the last waits its turn.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AttendTimeout = TimeSpan.FromSeconds(15);

    /// <exception cref="RankFailedException">The coordinator is not reached, or does not take this function.</exception>
    /// <exception cref="RendezvousException">The job needs no more ranks: <see cref="RendezvousFailure.JobFull"/>.</exception>
    public static async Task<AttendanceClient> BeginAsync(RankRequest request, string requestId)
    {
        AttendanceOptions options;
        try
        {
            options = new AttendanceOptions
            {
                Seed = Addresses.Parse(request.Seed),
                JobId = request.Job,
                Token = Convert.FromHexString(request.Token),
                Number = request.Starter,
                Name = requestId,
                Probe = request.Probe,
                Timeout = request.Probe ? ProbeTimeout : AttendTimeout,
            };
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException)
        {
            throw new RankFailedException("Boxer.Payload", $"The event's coordinator, job or token cannot be used: {wrong.Message}");
        }

        try
        {
            return await AttendanceClient.OpenAsync(options);
        }
        catch (RendezvousException failure) when (failure.Reason == RendezvousFailure.Unreachable)
        {
            // Told apart from a coordinator that is slow: the program would only report a timeout.
            throw new RankFailedException(
                "Boxer.SeedUnreachable",
                $"The coordinator at {request.Seed} cannot be reached from the function: {failure.Message} Its address must be reachable " +
                $"from where functions run, and its port open.");
        }
        catch (RendezvousException failure) when (failure.Reason != RendezvousFailure.JobFull)
        {
            throw new RankFailedException($"Boxer.{failure.Reason}", failure.Message);
        }
    }
}
