using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BoxerMpi.Control;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>One rank: the program as a process, from the event to its result.</summary>
internal static class RankRun
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    // A coordinator may end with its job, before the last programs have.
    private static readonly TimeSpan OwnEnd = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    private enum Ending
    {
        ByItself,
        OutOfTime,
        SeedLost,
    }

    /// <exception cref="RankFailedException">
    /// The event is not for this function, or the coordinator is not reached, or was lost.
    /// </exception>
    public static async Task<RankResult> RunAsync(DeployedProgram program, RuntimeEvent next)
    {
        RankRequest request = Read(next.Payload);
        RunTimes times = new(next.Deadline);
        AttendanceClient attendance;
        try
        {
            attendance = await Attendance.BeginAsync(request, next.RequestId);
        }
        catch (RendezvousException full)
        {
            return new RankResult(RankRequest.CurrentProtocol, RankResult.Rejected) { Reason = full.Message };
        }

        await using AttendanceClient closing = attendance;
        return request.Probe
            ? new RankResult(RankRequest.CurrentProtocol, RankResult.Probed)
            : await RunAsync(program, request, next, times, attendance);
    }

    private static async Task<RankResult> RunAsync(
        DeployedProgram program, RankRequest request, RuntimeEvent next, RunTimes times, AttendanceClient attendance)
    {
        (TimeSpan userBefore, TimeSpan systemBefore) = NativeMethods.ChildrenTimes();

        // Not disposed: a signal that comes late still asks whether it has ended.
        Process process = Start(program, request, next.RequestId, times, attendance);
        long started = Stopwatch.GetTimestamp();
        OutputTail tail = new();
        await using Stream log = Console.OpenStandardOutput(), errorLog = Console.OpenStandardError();
        Task output = Task.WhenAll(
            new OutputRelay(log, AttendedStream.Output, attendance, tail).RunAsync(process.StandardOutput.BaseStream),
            new OutputRelay(errorLog, AttendedStream.Error, attendance, tail).RunAsync(process.StandardError.BaseStream));
        using Memory memory = new(process.Id, SampleInterval);
        _ = PassSignalsAsync(attendance, process);
        Ending ending = await EndAsync(process, attendance, times);
        TimeSpan life = Stopwatch.GetElapsedTime(started);

        // What the program left running would run on in the next event, and may hold its output open.
        _ = NativeMethods.Kill(-process.Id, NativeMethods.SigKill);
        Leftovers.Kill(next.RequestId);
        await Task.WhenAny(output, times.UntilAnswer());
        if (ending == Ending.SeedLost)
        {
            throw new RankFailedException(
                "Boxer.SeedLost",
                $"The coordinator at {request.Seed} was lost while {(attendance.Rank < 0 ? "a rank" : $"rank {attendance.Rank}")} ran here, so it was ended: {await attendance.Lost}");
        }

        (TimeSpan user, TimeSpan system) = NativeMethods.ChildrenTimes();
        AttendedExit exit = new(
            process.ExitCode, ending == Ending.OutOfTime, life, next.Billed(), memory.PeakBytes, user - userBefore, system - systemBefore);
        await attendance.ExitAsync(exit);
        return new RankResult(RankRequest.CurrentProtocol, RankResult.Ran)
        {
            Rank = attendance.Rank,
            ExitCode = exit.Code,
            OutOfTime = exit.OutOfTime,
            Seconds = life.TotalSeconds,
            MaxResidentBytes = exit.PeakBytes,
            Output = tail.ToString(),
        };
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
                $"The function was deployed for protocol {RankRequest.CurrentProtocol}, the event is of protocol " +
                $"{request?.Protocol ?? 0}: deploy the function again with the boxer that runs the job.");
        }

        // An event may say null for any of them.
        return request is { Seed.Length: > 0, Job.Length: > 0, Token.Length: > 0, Arguments: not null, Environment: not null }
            ? request
            : throw new RankFailedException("Boxer.Payload", "The event lacks a coordinator, job, token, arguments or environment.");
    }

    private static Process Start(DeployedProgram program, RankRequest request, string requestId, RunTimes times, AttendanceClient attendance)
    {
        // In a session of its own, so that everything it starts can be ended with it.
        ProcessStartInfo start = new(
            "/bin/sh", ["-c", "command -v setsid >/dev/null && exec setsid \"$@\"; exec \"$@\"", "sh", program.File, .. request.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach ((string name, string value) in request.Environment)
            start.Environment[name] = value;
        start.Environment[Leftovers.Mark] = requestId;
        start.Environment["BOXER_SEED"] = request.Seed;
        start.Environment["BOXER_JOB"] = request.Job;
        start.Environment["BOXER_TOKEN"] = request.Token;
        if (attendance.Rank >= 0)
            start.Environment["BOXER_RANK"] = attendance.Rank.ToString(CultureInfo.InvariantCulture);
        start.Environment["BOXER_SIZE"] = attendance.Size.ToString(CultureInfo.InvariantCulture);
        start.Environment["BOXER_DEADLINE_MS"] = times.Stop.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private static async Task PassSignalsAsync(AttendanceClient attendance, Process process)
    {
        await foreach (int signal in attendance.Signals.ReadAllAsync())
            Signal(process, signal);
    }

    /// <summary>Waits for the program's end; ends it when the function's time is nearly over, or the coordinator is gone.</summary>
    private static async Task<Ending> EndAsync(Process process, AttendanceClient attendance, RunTimes times)
    {
        Task exited = process.WaitForExitAsync();
        await Task.WhenAny(exited, attendance.Lost, times.UntilStop());
        if (!exited.IsCompleted && attendance.Lost.IsCompleted)
            await Task.WhenAny(exited, Task.Delay(OwnEnd), times.UntilStop());
        if (exited.IsCompleted)
            return Ending.ByItself;
        Ending ending = attendance.Lost.IsCompleted ? Ending.SeedLost : Ending.OutOfTime;
        Signal(process, NativeMethods.SigTerm);
        await Task.WhenAny(exited, times.UntilKill(), Task.Delay(Grace));
        if (!exited.IsCompleted)
            Signal(process, NativeMethods.SigKill);
        await exited;
        return ending;
    }

    private static void Signal(Process process, int signal)
    {
        // Until the shell has made way for the program there is no group of that number.
        if (!process.HasExited && NativeMethods.Kill(-process.Id, signal) != 0)
            _ = NativeMethods.Kill(process.Id, signal);
    }
}
