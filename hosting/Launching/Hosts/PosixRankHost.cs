using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Hosts;

/// <summary>Ranks on Linux and macOS: sessions, process groups, pipes that one thread reads, and a watchdog.</summary>
internal sealed class PosixRankHost : IRankHost
{
    private readonly RankHostOptions _options;
    private readonly OutputPump _pump;
    private readonly Watchdog _watchdog;
    private readonly StandardInputFeeder? _feeder;
    private readonly HashSet<int> _groups = [];
    private int _started;

    public PosixRankHost(RankHostOptions options)
    {
        _options = options;
        _pump = new OutputPump(options.Output);
        try
        {
            _watchdog = new Watchdog(options.Mark, options.Grace, text => _pump.Say("boxer: " + text));
            foreach (string path in options.Leftovers)
                _watchdog.Guard(path);
        }
        catch
        {
            _pump.Dispose();
            throw;
        }

        bool isFed = options.Input.All || (options.Input.Rank is not null && StandardInputFeeder.IsTerminal);
        _feeder = isFed ? new StandardInputFeeder(_pump.Entered) : null;
    }

    public IJobOutput Output => _pump;

    public IRankProcess Start(int rank, SpawnRequest request, Action<ExitStatus> exited)
    {
        using Pipe output = Pipe.Create();
        using Pipe error = Pipe.Create();
        bool isReader = _options.Input.All || _options.Input.Rank == rank;
        Pipe? input = isReader ? _feeder?.Add() : null;
        SpawnRequest connected = request with
        {
            StandardInput = input?.ReadEnd ?? (isReader ? 0 : null),
            StandardOutput = output.WriteEnd,
            StandardError = error.WriteEnd,
        };
        int id = CoreShare.Spawn(connected, rank, _options.Size);
        _watchdog.Guard(id);
        RuntimeFiles? files = RuntimeFiles.Of(id, request.Environment);
        if (files is not null)
            _watchdog.Guard(files);
        lock (_groups)
            _groups.Add(id);
        input?.CloseReadEnd();
        _pump.Add(rank, output.TakeReadEnd(), error.TakeReadEnd());
        if (++_started == _options.Size)
            _feeder?.Start();
        return new PosixRank(new PosixChild(id, exited), files);
    }

    public IReadOnlyList<int> LeftBehind()
    {
        lock (_groups)
            return ProcessTable.LeftBehind(_groups, _options.Mark);
    }

    public void Signal(int process, int signal) => _ = NativeMethods.Kill(process, signal);

    public void Dispose()
    {
        _pump.Dispose();
        _watchdog.Dispose();
    }

    private sealed class PosixRank(PosixChild child, RuntimeFiles? files) : IRankProcess
    {
        public int? Id => child.Id;

        public string Name => $"pid {child.Id}";

        public void Signal(int signal) => child.SignalGroup(signal);

        public ResourceUsage? Reap()
        {
            ResourceUsage? usage = child.Reap();
            if (usage is not null)
                files?.Remove();
            return usage;
        }
    }
}
