using System.Globalization;
using System.Text;

namespace BoxerMpi.Processes;

/// <summary>Ends the ranks and their children when the launcher is gone, however it went.</summary>
/// <remarks>
/// A small shell in a session of its own reads the ranks' process groups, and what to remove, from a pipe. Only the launcher holds the other
/// end, so the kernel closes it when the launcher dies, even by SIGKILL, and the shell then terminates the groups and, on
/// Linux, every process that still carries the launcher's mark in its environment: children that left their group included.
/// It is a shell because it must cost nothing while it waits (1 MB, no second runtime).
/// </remarks>
internal sealed class Watchdog : IDisposable
{
    // $1 = mark, $2 = tenths of a second between TERM and KILL; files and folders to remove are added behind them. Its own
    // environment is empty, so it never finds itself.
    private const string Script = """
        trap '' HUP INT QUIT TERM USR1 USR2 TSTP PIPE
        groups= runtimes= controls=
        while read -r verb id; do
            case $verb in
                group) groups="$groups -$id" ;;
                path) set -- "$@" "$id" ;;
                runtime) runtimes="$runtimes ${id%% *}" temporary=${id#* } ;;
                control) controls="$controls $id" ;;
                done) exit 0 ;;
            esac
        done
        marked() { grep -lsF "BOXER_LAUNCH=$1" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do echo "$pid"; done; }
        deliver() {
            for target in $groups; do kill -s "$1" -- "$target" 2>/dev/null; done
            for target in $(marked "$2"); do kill -s "$1" "$target" 2>/dev/null; done
        }
        alive() {
            for target in $groups; do kill -s 0 -- "$target" 2>/dev/null && return 0; done
            test -n "$(marked "$1")"
        }
        deliver CONT "$1"
        deliver TERM "$1"
        left=$2
        while test "$left" -gt 0 && alive "$1"; do sleep 0.1; left=$((left - 1)); done
        deliver KILL "$1"
        shift 2
        for key in $runtimes; do
            rm -f -- "$temporary/clr-debug-pipe-$key-in" "$temporary/clr-debug-pipe-$key-out" "$temporary/dotnet-diagnostic-$key-socket"
        done

        # What is being killed may still write there, and is in its control group until it has ended.
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            left=
            for group in $controls; do
                test -d "$group" || continue
                rmdir "$group"/*/ 2>/dev/null
                rmdir "$group" 2>/dev/null || left=1
            done
            test $# = 0 || rm -rf -- "$@" 2>/dev/null || left=1
            test -z "$left" && exit 0
            sleep 0.1
        done
        """;

    /// <summary>The variable that marks all processes of one launcher, so that it finds those that left their group.</summary>
    public const string MarkVariable = "BOXER_LAUNCH";

    private const int MostRestarts = 5;

    private readonly string _mark;
    private readonly string _tenths;
    private readonly Action<string> _warn;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Lock _gate = new();

    // What every shell has to know, protected by the gate.
    private readonly List<string> _orders = [];
    private Pipe _pipe;
    private PosixChild _shell;
    private int _restarts;
    private bool _finished;

    /// <param name="mark">What the ranks have in BOXER_LAUNCH.</param>
    /// <param name="grace">Time between TERM and KILL.</param>
    /// <param name="warn">Told when the promise can no longer be kept.</param>
    public Watchdog(string mark, TimeSpan grace, Action<string> warn)
    {
        _mark = mark;
        _tenths = Math.Ceiling(grace.TotalSeconds * 10).ToString(CultureInfo.InvariantCulture);
        _warn = warn;
        (_pipe, _shell) = Start();
        foreach (string own in RuntimeFiles.Own?.Paths ?? [])
            Guard(own);
    }

    public int ProcessId => _shell.Id;

    /// <summary>Adds a rank's process group to what dies with the launcher.</summary>
    public void Guard(int group) => Order($"group {group}\n");

    /// <summary>Adds a file or folder to what goes with the launcher, once the processes have.</summary>
    /// <param name="path">Without a line break.</param>
    public void Guard(string path) => Order($"path {path}\n");

    /// <summary>Adds what the runtime of a rank leaves when it is killed; the folder is the same for all ranks.</summary>
    public void Guard(RuntimeFiles files)
    {
        if (!files.Folder.Contains('\n', StringComparison.Ordinal))
            Order($"runtime {files.Key} {files.Folder}\n");
    }

    /// <summary>Adds a control group with groups of its own; it goes once the processes have.</summary>
    /// <param name="path">Without blanks.</param>
    public void GuardControlGroup(string path) => Order($"control {path}\n");

    /// <summary>All ranks are gone: the watchdog goes home without signalling anyone.</summary>
    public void Dispose()
    {
        PosixChild shell;
        lock (_gate)
        {
            _finished = true;
            _ = Tell("done\n");
            _pipe.Dispose();
            shell = _shell;
        }

        if (_ended.Wait(TimeSpan.FromSeconds(2)))
            _ = shell.Reap();
        _ended.Dispose();
    }

    private (Pipe Pipe, PosixChild Shell) Start()
    {
        Pipe pipe = Pipe.Create();
        try
        {
            int id = PosixSpawner.Spawn(new SpawnRequest("/bin/sh", ["-c", Script, "boxer-watchdog", _mark, _tenths])
            {
                // PATH finds grep and sleep. Nothing else: the mark of an outer launcher would make the watchdog one of its processes.
                Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin:/usr/local/bin", ["LC_ALL"] = "C" },
                WorkingDirectory = "/",
                StandardInput = pipe.ReadEnd,
            });
            pipe.CloseReadEnd();
            return (pipe, new PosixChild(id, _ => OnEnd()));
        }
        catch
        {
            pipe.Dispose();
            throw;
        }
    }

    /// <summary>Unless the job is over somebody killed the watchdog: the promise still holds, so another one takes over.</summary>
    private void OnEnd()
    {
        lock (_gate)
        {
            if (_finished)
            {
                _ended.Set();
                return;
            }

            _ = _shell.Reap();
            _pipe.Dispose();
            try
            {
                if (++_restarts > MostRestarts)
                    throw new LaunchException($"It ended {_restarts} times.");
                (_pipe, _shell) = Start();
            }
            catch (LaunchException failure)
            {
                _warn($"the watchdog cannot be kept running; if boxer is killed now, ranks may stay behind. {failure.Message}");
                _finished = true;
                _ended.Set();
                return;
            }

            foreach (string order in _orders)
                _ = Tell(order);
        }
    }

    private void Order(string line)
    {
        lock (_gate)
        {
            _orders.Add(line);
            _ = Tell(line);
        }
    }

    private bool Tell(string line) => _pipe.TryWrite(Encoding.UTF8.GetBytes(line));
}
