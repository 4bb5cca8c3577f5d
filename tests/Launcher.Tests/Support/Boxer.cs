using System.Diagnostics;
using System.Runtime.InteropServices;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>A running <c>boxer</c>: the real one, built beside the tests.</summary>
internal sealed class Boxer : IAsyncDisposable
{
    /// <summary>For what takes milliseconds when nothing is wrong; a shared machine may take its time.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly LineLog _output;
    private readonly LineLog _error;

    private Boxer(Process process)
    {
        _process = process;
        _output = new LineLog("standard output", process.StandardOutput);
        _error = new LineLog("standard error", process.StandardError);
    }

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public LineLog Output => _output;

    public LineLog Error => _error;

    public static Boxer Start(params string[] arguments) => Start(arguments, closeInput: true);

    public static Boxer StartWithInput(params string[] arguments) => Start(arguments, closeInput: false);

    public static Boxer StartWith(IEnumerable<KeyValuePair<string, string?>> variables, params string[] arguments) =>
        Start(arguments, closeInput: true, variables);

    /// <summary>Starts it by another command, which changes what it may do.</summary>
    public static Boxer StartUnder(string[] command, IEnumerable<KeyValuePair<string, string?>> variables, params string[] arguments) =>
        Start(arguments, closeInput: true, variables, command);

    /// <summary>Runs it to its end.</summary>
    public static async Task<BoxerResult> RunAsync(params string[] arguments)
    {
        await using Boxer boxer = Start(arguments);
        return await boxer.EndAsync();
    }

    /// <summary>Runs it to its end by another command, which changes what it may do.</summary>
    public static async Task<BoxerResult> RunUnderAsync(string[] command, params string[] arguments)
    {
        await using Boxer boxer = Start(arguments, closeInput: true, command: command);
        return await boxer.EndAsync();
    }

    public void Signal(int signal) => Assert.Equal(0, NativeMethods.Kill(Id, signal));

    /// <summary>Waits for its end and for all it has written.</summary>
    public async Task<BoxerResult> EndAsync(TimeSpan? deadline = null)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(deadline ?? Deadline);
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"boxer did not end in time. Its output so far:\n{_output}\n{_error}");
        }

        return new BoxerResult(_process.ExitCode, await _output.AllAsync(), await _error.AllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // The test has failed, or needs no more of it. TERM lets it end its ranks; a launcher that does not even do
            // that is killed, so that the test's own failure is the one that is seen.
            _ = NativeMethods.Kill(Id, NativeMethods.SigTerm);
            _ = NativeMethods.Kill(Id, NativeMethods.SigContinue);
            using CancellationTokenSource late = new(TimeSpan.FromSeconds(20));
            await _process.WaitForExitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _process.Kill();
        }

        _process.Dispose();
    }

    private static Boxer Start(
        string[] arguments,
        bool closeInput,
        IEnumerable<KeyValuePair<string, string?>>? variables = null,
        string[]? command = null)
    {
        string[] line = [.. command ?? [], Path.Combine(AppContext.BaseDirectory, "boxer"), .. arguments];
        ProcessStartInfo start = new(line[0], line[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The host of the tests may be a dotnet that is not where apphosts look.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        foreach ((string name, string? value) in variables ?? [])
            start.Environment[name] = value;

        Process process = Process.Start(start)!;
        if (closeInput)
            process.StandardInput.Close();
        return new Boxer(process);
    }
}

/// <summary>What a finished <c>boxer</c> left.</summary>
internal sealed record BoxerResult(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Error)
{
    /// <summary>The lines of one rank, without their tag.</summary>
    public IEnumerable<string> OutputOf(int rank) => Of(Output, rank);

    public IEnumerable<string> ErrorOf(int rank) => Of(Error, rank);

    /// <summary>Fails with everything that was printed when the exit code is another one.</summary>
    public BoxerResult ExitsWith(int code)
    {
        Assert.True(code == ExitCode, $"Exit code {ExitCode} instead of {code}.\n{string.Join('\n', Output)}\n{string.Join('\n', Error)}");
        return this;
    }

    private static IEnumerable<string> Of(IReadOnlyList<string> lines, int rank)
    {
        string tag = $"[{rank}] ";
        return lines.Where(line => line.StartsWith(tag, StringComparison.Ordinal)).Select(line => line[tag.Length..]);
    }
}
