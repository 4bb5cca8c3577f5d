using System.Collections.Concurrent;
using System.Net;
using System.Text;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>Gives ranks to functions in the order they come, and keeps what they tell.</summary>
internal sealed class Attendants(int size) : IAttendanceHost
{
    private readonly ConcurrentDictionary<Attendant, int> _ranks = new();
    private readonly ConcurrentDictionary<int, StringBuilder> _written = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _words = new();
    private int _arrived;

    public ConcurrentDictionary<int, AttendedExit> Exits { get; } = new();

    /// <summary>Where those with a rank came from.</summary>
    public IEnumerable<IPAddress> Addresses => _ranks.Keys.Select(attendant => attendant.Address.Address);

    public ConcurrentQueue<string> Lost { get; } = new();

    public TaskCompletionSource<Attendant> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<string> FirstLost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the rank has written something.</summary>
    public Task WritesAsync(int rank) => _words.GetOrAdd(rank, NewWord).Task;

    /// <summary>What the rank wrote to standard output.</summary>
    public string OutputOf(int rank) => _written[rank].ToString();

    public AttendanceAnswer Arrived(Attendant attendant)
    {
        int rank = Interlocked.Increment(ref _arrived) - 1;
        if (rank >= size)
            return AttendanceAnswer.Reject($"the job has its {size} ranks");
        _ranks[attendant] = rank;
        _written[rank] = new StringBuilder();
        First.TrySetResult(attendant);
        return AttendanceAnswer.Run(rank);
    }

    public ValueTask WroteAsync(Attendant attendant, AttendedStream stream, ReadOnlyMemory<byte> bytes)
    {
        if (stream == AttendedStream.Output)
            _written[_ranks[attendant]].Append(Encoding.UTF8.GetString(bytes.Span));
        _words.GetOrAdd(_ranks[attendant], NewWord).TrySetResult();
        return ValueTask.CompletedTask;
    }

    public void Exited(Attendant attendant, AttendedExit exit) => Exits[_ranks[attendant]] = exit;

    void IAttendanceHost.Lost(Attendant attendant, string reason)
    {
        Lost.Enqueue(reason);
        FirstLost.TrySetResult(reason);
    }

    private static TaskCompletionSource NewWord(int rank) => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
