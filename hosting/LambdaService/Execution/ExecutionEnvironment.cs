using System.Diagnostics;
using System.Globalization;
using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>One copy of a function: its process, its Runtime API and its log. It serves one event at a time.</summary>
internal sealed class ExecutionEnvironment : IAsyncDisposable
{
    private readonly EnvironmentHost _host;
    private readonly FunctionLog _log;
    private readonly RuntimeApi _runtime;
    private readonly Sandbox? _sandbox;
    private readonly EnvironmentNetwork? _network;
    private readonly string _startError;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private TimeSpan? _initDuration;
    private Task? _disposing;

    private ExecutionEnvironment(
        EnvironmentHost host, FunctionRevision revision, FunctionLog log, RuntimeApi runtime, Sandbox? sandbox, EnvironmentNetwork? network,
        string startError)
    {
        _network = network;
        _host = host;
        Revision = revision;
        _log = log;
        _runtime = runtime;
        _sandbox = sandbox;
        _startError = startError;
        IdleSince = host.Options.Time.GetTimestamp();
    }

    public FunctionRevision Revision { get; }

    /// <summary>Since when it has had nothing to do; a timestamp of the service's clock.</summary>
    public long IdleSince { get; set; }

    /// <summary>Completes with the end of its process.</summary>
    public Task Exited => _sandbox?.Exited ?? Task.CompletedTask;

    public static async Task<ExecutionEnvironment> StartAsync(
        EnvironmentHost host, FunctionRevision revision, string folder, FunctionLog log, ControlGroup? group, EnvironmentNetwork? network)
    {
        Sandbox? sandbox = null;
        RuntimeApi runtime = await RuntimeApi.StartAsync(revision, () => sandbox?.Freeze(), () => sandbox?.Thaw(), network);
        string error = WhatIsWrong(revision);
        if (error.Length == 0)
        {
            Dictionary<string, string> variables = RuntimeVariables.Of(
                revision, runtime.Address, Path.GetFileNameWithoutExtension(log.Path), host.Options);
            sandbox = Sandbox.Start(revision, folder, log, variables, group, network, host.Options.Isolate, host.Options.Time);
        }
        else
        {
            group?.TryRemove();
        }

        return new ExecutionEnvironment(host, revision, log, runtime, sandbox, network, error);
    }

    /// <summary>Waits until the runtime asks for its first event.</summary>
    /// <returns>Null when it did; else the error, and the environment is of no more use.</returns>
    public async Task<RuntimeReport?> InitializeAsync(string requestId, TimeSpan limit)
    {
        if (_sandbox is null)
            return RuntimeReport.Error("Runtime.InvalidEntrypoint", $"RequestId: {requestId} Error: {_startError}");
        using CancellationTokenSource done = new();
        Task late = Task.Delay(limit, _host.Options.Time, done.Token);
        Task first = await Task.WhenAny(_runtime.Initialized, _sandbox.Exited, late);
        await done.CancelAsync();
        _initDuration = Stopwatch.GetElapsedTime(_started);
        if (_runtime.Initialized.IsCompletedSuccessfully)
            return await _runtime.Initialized;
        string status = first == late ? "timeout" : "error";
        _log.Append($"INIT_REPORT Init Duration: {Milliseconds(_initDuration.Value)} ms\tPhase: init\tStatus: {status}");
        return first == late
            ? RuntimeReport.Error("Sandbox.Timedout", $"RequestId: {requestId} Error: Task timed out after {Seconds(limit)} seconds")
            : RuntimeReport.Error("Runtime.ExitError", $"RequestId: {requestId} Error: {_sandbox.ExitText}");
    }

    /// <summary>Gives one event to the runtime and waits for its answer, its end or its time to be over.</summary>
    /// <param name="request">The event.</param>
    /// <param name="timeLeft">Of the function's timeout.</param>
    /// <returns>The result, and whether the environment can serve another event; null when it had ended before it took the event.</returns>
    public async Task<(InvocationResult Result, bool IsUsable)?> RunAsync(InvocationRequest request, TimeSpan timeLeft)
    {
        long from = _log.Begin();
        _log.Append($"START RequestId: {request.Id} Version: {FunctionId.Latest}");
        long started = Stopwatch.GetTimestamp();
        using CancellationTokenSource done = new();
        Delivery delivery = _runtime.Deliver(request, _host.Options.Time.GetUtcNow() + timeLeft);
        Task late = Task.Delay(timeLeft, _host.Options.Time, done.Token);
        Task first = await Task.WhenAny(delivery.Reported, _sandbox!.Exited, late);
        await done.CancelAsync();
        if (first == _sandbox.Exited && !delivery.IsTaken)
            return null;

        RuntimeReport report = delivery.IsAnswered || delivery.Reported.IsCompleted
            ? await delivery.Reported
            : first == late
                ? RuntimeReport.Error(
                    "Sandbox.Timedout", $"RequestId: {request.Id} Error: Task timed out after {Seconds(Revision.Settings.Timeout)} seconds")
                : RuntimeReport.Error("Runtime.ExitError", $"RequestId: {request.Id} Error: {_sandbox.ExitText}");
        return (new InvocationResult(report.Body, report.IsError, Conclude(request, from, Stopwatch.GetElapsedTime(started))), delivery.IsAnswered);
    }

    /// <summary>Ends it; the end of the service may ask for that while an invocation does.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
            return new ValueTask(_disposing ??= EndAsync());
    }

    private async Task EndAsync()
    {
        if (_sandbox is not null)
            await _sandbox.DisposeAsync();
        await _runtime.DisposeAsync();
        _network?.Dispose();
    }

    /// <summary>The tail of an invocation that failed before any event reached the runtime.</summary>
    public byte[] ConcludeFailedInit(InvocationRequest request)
    {
        _log.Append($"START RequestId: {request.Id} Version: {FunctionId.Latest}");
        return Conclude(request, 0, _initDuration ?? TimeSpan.Zero);
    }

    private byte[] Conclude(InvocationRequest request, long from, TimeSpan duration)
    {
        long peak = (_sandbox?.PeakBytes() ?? 0) / (1024 * 1024);
        string init = _initDuration is { } time ? $"\tInit Duration: {Milliseconds(time)} ms" : "";
        _initDuration = null;
        _log.Append($"END RequestId: {request.Id}");
        _log.Append(
            $"REPORT RequestId: {request.Id}\tDuration: {Milliseconds(duration)} ms\tBilled Duration: " +
            $"{Math.Ceiling(duration.TotalMilliseconds)} ms\t"
            + $"Memory Size: {Revision.Settings.MemoryMegabytes} MB\tMax Memory Used: {peak} MB{init}");
        return _log.Tail(from);
    }

    private static string WhatIsWrong(FunctionRevision revision)
    {
        string bootstrap = Path.Combine(revision.Code.Folder, "bootstrap");
        if (!File.Exists(bootstrap))
            return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
        bool executable = OperatingSystem.IsWindows() || (File.GetUnixFileMode(bootstrap) & UnixFileMode.UserExecute) != 0;
        return executable ? "" : "fork/exec /var/task/bootstrap: permission denied";
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("F2", CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture);
}
