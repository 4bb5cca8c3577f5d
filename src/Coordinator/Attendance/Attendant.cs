using System.Net;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>One attendant at the coordinator.</summary>
internal sealed class Attendant
{
    private readonly SeedConnection _connection;

    // Protects _isTaken and _early, and orders what is posted.
    private readonly Lock _gate = new();
    private readonly List<int> _early = [];
    private bool _isTaken;

    public Attendant(SeedConnection connection, AttendMessage message)
    {
        _connection = connection;
        Number = message.Number;
        Name = message.Name;
    }

    /// <summary>Which of its launcher's attendants it is.</summary>
    public int Number { get; }

    /// <summary>Its own name, such as the request id of a function's invocation.</summary>
    public string Name { get; }

    /// <summary>Its external endpoint as the coordinator sees it.</summary>
    public IPEndPoint Address => _connection.Channel.Remote;

    /// <summary>Signals the program and what it has started; any thread. Nothing happens once it has ended.</summary>
    public void Signal(int signal)
    {
        lock (_gate)
        {
            if (_isTaken)
                _connection.Post(AttendMessages.Signal(signal));
            else
                _early.Add(signal);
        }
    }

    /// <summary>Ends the connection: the attendant ends its program, and the host hears that it is lost.</summary>
    public void Drop(string reason) => _connection.Close(reason);

    /// <summary>Answers it, then sends the signals that came meanwhile.</summary>
    internal void Take(AcceptedMessage accepted, ReadOnlySpan<byte> token)
    {
        lock (_gate)
        {
            _connection.PostAccepted(accepted, token);
            _isTaken = true;
            foreach (int signal in _early)
                _connection.Post(AttendMessages.Signal(signal));
        }
    }
}
