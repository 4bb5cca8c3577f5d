using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>Ranks that are functions: a seat for each, and invocations once all have one.</summary>
internal sealed class FunctionHost : IRankHost
{
    private readonly RankHostOptions _options;
    private readonly RankInvocations _invocations;
    private readonly Action<FunctionOutput> _begin;
    private readonly FunctionOutput _output;
    private int _seats;

    /// <param name="options">The job, as other hosts get it.</param>
    /// <param name="invocations">Gets the seats.</param>
    /// <param name="begin">Called with the last seat: functions may come.</param>
    public FunctionHost(RankHostOptions options, RankInvocations invocations, Action<FunctionOutput> begin)
    {
        _options = options;
        _invocations = invocations;
        _begin = begin;
        _output = new FunctionOutput(options.Output);
        invocations.Say = text => _output.Say("boxer: " + text);
    }

    public IJobOutput Output => _output;

    public IRankProcess Start(int rank, SpawnRequest request, Action<ExitStatus> exited)
    {
        (RankStream output, RankStream error) = _options.Output.Open(rank);
        FunctionRank seat = new(rank, output, error, _output, exited);
        _invocations.Add(seat);
        if (++_seats == _options.Size)
            _begin(_output);
        return seat;
    }

    // A function ends what its program has left running before it tells of the program's end.
    public IReadOnlyList<int> LeftBehind() => [];

    public void Signal(int process, int signal)
    {
    }

    public void Dispose() => _output.Dispose();
}
