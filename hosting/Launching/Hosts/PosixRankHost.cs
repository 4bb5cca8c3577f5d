using System.Text;
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
    private readonly bool _colourOutput;
    private readonly bool _colourError;
    private int _started;
    private bool _finished;

    public PosixRankHost(RankHostOptions options)
    {
        _options = options;
        _colourOutput = LineStyle.WantsColour(NativeMethods.IsTerminal(1) == 1);
        _colourError = LineStyle.WantsColour(NativeMethods.IsTerminal(2) == 1);
        _pump = new OutputPump(
            new OutputWriter(
                options.Style, bytes => Pipe.TryWrite(1, bytes), bytes => Pipe.TryWrite(2, bytes), TimeProvider.System,
                NativeMethods.IsTerminal(1) == 1, NativeMethods.IsTerminal(2) == 1),
            options.OutputClosed);
        try
        {
            _watchdog = new Watchdog(options.Mark, options.Grace, text => Say("boxer: " + text));
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
        _pump.Add(output.TakeReadEnd(), new RankStream(false, _options.Style.TagOf(rank, _colourOutput), _options.Files.Open(rank, "out")));
        _pump.Add(error.TakeReadEnd(), new RankStream(true, _options.Style.TagOf(rank, _colourError), _options.Files.Open(rank, "err")));
        if (++_started == _options.Size)
            _feeder?.Start();
        return new PosixRank(new PosixChild(id, exited), files);
    }

    public void Say(string text)
    {
        if (_finished)
            _ = Pipe.TryWrite(2, Encoding.UTF8.GetBytes(text + "\n"));
        else
            _pump.Say(text);
    }

    public IReadOnlyList<int> LeftBehind()
    {
        lock (_groups)
            return ProcessTable.LeftBehind(_groups, _options.Mark);
    }

    public void Signal(int process, int signal) => _ = NativeMethods.Kill(process, signal);

    public bool FinishOutput(TimeSpan patience) => _finished = _pump.Finish(patience);

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
