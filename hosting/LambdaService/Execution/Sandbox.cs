using System.Diagnostics;
using System.Globalization;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.Transport;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>
/// The process of an environment: in a session of its own, within its control group, with its own /tmp where that is allowed.
/// </summary>
internal sealed class Sandbox : IAsyncDisposable
{
    // $1 = log, $2 = own /tmp or empty, the rest = files of control groups to enter. It becomes the bootstrap, so the
    // process id stays; it enters the groups before there is anything to limit.
    private const string Script = """
        exec </dev/null >>"$1" 2>&1
        tmp=$2
        shift 2
        for members in "$@"; do echo $$ >"$members" || exit 1; done
        test -z "$tmp" && exec setsid ./bootstrap
        exec setsid unshare --mount sh -c 'mount --make-rprivate / && mount --bind "$1" /tmp && exec ./bootstrap' sh "$tmp"
        """;

    private readonly string _folder;
    private readonly ControlGroup? _group;
    private readonly Process _process;
    private readonly TimeProvider _time;
    private long _peakBytes;
    private int _exitCode;

    private Sandbox(string folder, ControlGroup? group, Process process, TimeProvider time)
    {
        _folder = folder;
        _group = group;
        _process = process;
        _time = time;
        Exited = ExitAsync();
    }

    public Task Exited { get; }

    /// <summary>Once it has exited: how, in Lambda's words.</summary>
    public string ExitText => _exitCode switch
    {
        0 => "Runtime exited without providing a reason",
        128 + 9 => "Runtime exited with error: signal: killed",
        128 + 6 => "Runtime exited with error: signal: aborted",
        128 + 11 => "Runtime exited with error: signal: segmentation fault",
        128 + 15 => "Runtime exited with error: signal: terminated",
        int code => $"Runtime exited with error: exit status {code}",
    };

    /// <param name="revision">What runs.</param>
    /// <param name="folder">The environment's own folder; it goes with the sandbox.</param>
    /// <param name="log">What it writes goes there.</param>
    /// <param name="variables">Its whole environment.</param>
    /// <param name="group">Its limits, if there are any.</param>
    /// <param name="network">Where it runs; null for this process's own.</param>
    /// <param name="isolate">Whether it may have a /tmp of its own.</param>
    public static Sandbox Start(
        FunctionRevision revision,
        string folder,
        FunctionLog log,
        IReadOnlyDictionary<string, string> variables,
        ControlGroup? group,
        EnvironmentNetwork? network,
        bool isolate,
        TimeProvider time)
    {
        string temporary = PrivateFiles.EnsureFolder(Path.Combine(folder, "tmp"));
        ProcessStartInfo start = new("/bin/sh", ["-c", Script, "sh", log.Path, isolate ? temporary : "", .. group?.MemberFiles ?? []])
        {
            WorkingDirectory = revision.Code.Folder,
        };
        start.Environment.Clear();
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        if (!isolate)
            start.Environment["TMPDIR"] = temporary;
        Process process = network is null ? Process.Start(start)! : network.Run(() => Process.Start(start)!);
        return new Sandbox(folder, group, process, time);
    }

    /// <summary>No process of it runs until <see cref="Thaw"/>, as between two events on Lambda.</summary>
    public void Freeze() => SignalAll(NativeMethods.SigStop);

    public void Thaw() => SignalAll(NativeMethods.SigContinue);

    /// <summary>Most memory it has held so far, in bytes; 0 when nobody knows.</summary>
    public long PeakBytes()
    {
        long now = _group?.PeakBytes ?? ResidentPeak();
        return _peakBytes = Math.Max(_peakBytes, now);
    }

    /// <summary>Kills what is left of it and removes its folder and group.</summary>
    public async ValueTask DisposeAsync()
    {
        SignalAll(NativeMethods.SigKill);

        // A group whose leader has ended keeps its id while it has members; without any there is nobody to hit so soon.
        if (_group is null)
            _ = NativeMethods.Kill(-_process.Id, NativeMethods.SigKill);
        else
            _group.Kill();
        await Exited;
        _process.Dispose();

        // Descendants that are not our children leave the process table when init has taken note.
        for (int attempt = 0; _group is not null && !_group.TryRemove() && attempt < 100; attempt++)
        {
            _group.Kill();
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time);
        }

        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    /// <summary>While it lives its group's id belongs to nobody else. Before it has made its session there is only itself.</summary>
    private void SignalAll(int signal)
    {
        if (!Exited.IsCompleted && NativeMethods.Kill(-_process.Id, signal) != 0)
            _ = NativeMethods.Kill(_process.Id, signal);
    }

    /// <summary>The code is asked for after the sandbox has gone as well, by whoever waited for its start.</summary>
    private async Task ExitAsync()
    {
        await _process.WaitForExitAsync();
        _exitCode = _process.ExitCode;
    }

    private long ResidentPeak()
    {
        try
        {
            string? line = File.ReadLines($"/proc/{_process.Id}/status").FirstOrDefault(
                line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null
                ? 0
                : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or FormatException or InvalidOperationException)
        {
            return 0;
        }
    }
}
