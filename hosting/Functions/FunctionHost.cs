using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>Ranks that are functions: a seat for each, and invocations once all have one.</summary>
internal sealed class FunctionHost : IRankHost
{
    private readonly RankHostOptions _options;
    private readonly FunctionCrew _crew;
    private readonly Action _begin;
    private readonly FunctionOutput _output;
    private readonly bool _colourOutput = NativeMethods.IsUnix && LineStyle.WantsColour(NativeMethods.IsTerminal(1) == 1);
    private readonly bool _colourError = NativeMethods.IsUnix && LineStyle.WantsColour(NativeMethods.IsTerminal(2) == 1);
    private int _seats;
    private bool _isFinished;

    /// <param name="options">The job, as other hosts get it.</param>
    /// <param name="crew">Gets the seats.</param>
    /// <param name="begin">Called with the last seat: functions may come.</param>
    public FunctionHost(RankHostOptions options, FunctionCrew crew, Action<FunctionOutput> begin)
    {
        _options = options;
        _crew = crew;
        _output = new FunctionOutput(options.Style, options.OutputClosed);
        _begin = () => begin(_output);
        crew.Say = text => _output.Say("boxer: " + text);
    }

    public IRankProcess Start(int rank, SpawnRequest request, Action<ExitStatus> exited)
    {
        FunctionRank seat = new(
            rank,
            new RankStream(false, _options.Style.TagOf(rank, _colourOutput), _options.Files.Open(rank, "out")),
            new RankStream(true, _options.Style.TagOf(rank, _colourError), _options.Files.Open(rank, "err")),
            _output,
            exited);
        _crew.Add(seat);
        if (++_seats == _options.Size)
            _begin();
        return seat;
    }

    public void Say(string text)
    {
        if (_isFinished)
            Console.Error.WriteLine(text);
        else
            _output.Say(text);
    }

    // A function ends what its program has left running before it tells of the program's end.
    public IReadOnlyList<int> LeftBehind() => [];

    public void Signal(int process, int signal)
    {
    }

    public bool FinishOutput(TimeSpan patience) => _isFinished = _output.Finish(patience);

    public void Dispose() => _output.Dispose();
}
