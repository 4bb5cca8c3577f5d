using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>One rank: the program as a process, from the event to its result.</summary>
internal static class RankRun
{
    // Before Lambda's own end: time to leave the job in order, then to report.
    private static readonly TimeSpan StopBefore = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan KillBefore = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReachTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    /// <exception cref="RankFailedException">The event is not for this function, the coordinator is not reached, or the program does not start.</exception>
    public static async Task<RankResult> RunAsync(DeployedProgram program, RuntimeEvent next)
    {
        RankRequest request = Read(next.Payload);
        await ReachAsync(request.Seed);

        using Process process = Start(program, request, next.Deadline);
        long started = Stopwatch.GetTimestamp();
        OutputTail tail = new();
        Task output = tail.FollowAsync(process.StandardOutput, Console.Out), error = tail.FollowAsync(process.StandardError, Console.Error);
        using Memory memory = new(process.Id, SampleInterval);
        bool outOfTime = await EndAsync(process, next.Deadline);
        TimeSpan life = Stopwatch.GetElapsedTime(started);

        // What the program left running would run on in the next event, and may hold its output open.
        KillGroup(process.Id);
        await Task.WhenAll(output, error);
        return new RankResult(RankRequest.CurrentProtocol, process.ExitCode, outOfTime, life.TotalSeconds, memory.PeakBytes, tail.ToString());
    }

    private static RankRequest Read(byte[] payload)
    {
        RankRequest? request;
        try
        {
            request = JsonSerializer.Deserialize(payload, MessagesJson.Default.RankRequest);
        }
        catch (JsonException wrong)
        {
            throw new RankFailedException("Boxer.Payload", $"The event is not a rank of a job: {wrong.Message}");
        }

        if (request is null || request.Protocol != RankRequest.CurrentProtocol)
        {
            throw new RankFailedException(
                "Boxer.Protocol",
                $"The function was deployed for protocol {RankRequest.CurrentProtocol}, the event is of protocol {request?.Protocol ?? 0}: deploy the function again with the boxer that runs the job.");
        }

        return request.Seed.Length > 0 && request.Job.Length > 0 && request.Token.Length > 0
            ? request
            : throw new RankFailedException("Boxer.Payload", "The event names no coordinator, job or token.");
    }

    /// <summary>Tells a coordinator that functions cannot reach apart from one that is slow: the program would only report a timeout.</summary>
    private static async Task ReachAsync(string seed)
    {
        int colon = seed.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(seed.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw new RankFailedException("Boxer.Payload", $"'{seed}' is not the address of a coordinator: HOST:PORT.");
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource late = new(ReachTimeout);
        try
        {
            await socket.ConnectAsync(seed[..colon].Trim('[', ']'), port, late.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            string why = failure is SocketException ? failure.Message : $"no answer within {ReachTimeout.TotalSeconds:F0} s";
            throw new RankFailedException(
                "Boxer.SeedUnreachable",
                $"The coordinator at {seed} cannot be reached from the function: {why}. Its address must be reachable from where functions run, and its port open.");
        }
    }

    private static Process Start(DeployedProgram program, RankRequest request, DateTimeOffset deadline)
    {
        // In a session of its own, so that everything it starts can be ended with it.
        ProcessStartInfo start = new("/bin/sh", ["-c", "command -v setsid >/dev/null && exec setsid \"$@\"; exec \"$@\"", "sh", program.File, .. request.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach ((string name, string value) in request.Environment)
            start.Environment[name] = value;
        start.Environment["BOXER_SEED"] = request.Seed;
        start.Environment["BOXER_JOB"] = request.Job;
        start.Environment["BOXER_TOKEN"] = request.Token;
        start.Environment["BOXER_DEADLINE_MS"] = (deadline - StopBefore).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        if (request.Rank is { } rank)
            start.Environment["BOXER_RANK"] = rank.ToString(CultureInfo.InvariantCulture);
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Waits for the program's end; ends it when the function's time is nearly over.</summary>
    /// <returns>Whether it had to be ended.</returns>
    private static async Task<bool> EndAsync(Process process, DateTimeOffset deadline)
    {
        Task exited = process.WaitForExitAsync();
        if (await ExitsBeforeAsync(exited, deadline - StopBefore))
            return false;
        _ = NativeMethods.Kill(process.Id, NativeMethods.SigTerm);
        if (!await ExitsBeforeAsync(exited, deadline - KillBefore))
            process.Kill();
        await exited;
        return true;
    }

    private static async Task<bool> ExitsBeforeAsync(Task exited, DateTimeOffset moment)
    {
        TimeSpan left = moment - DateTimeOffset.UtcNow;
        if (left > TimeSpan.Zero)
            await Task.WhenAny(exited, Task.Delay(left));
        return exited.IsCompleted;
    }

    private static void KillGroup(int process) => _ = NativeMethods.Kill(-process, NativeMethods.SigKill);
}
