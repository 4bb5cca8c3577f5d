using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace BoxerMpi.Control;

/// <summary>Who attends, and where.</summary>
internal sealed record AttendanceOptions
{
    /// <summary>The coordinator; <c>Addresses.Parse</c> reads HOST:PORT.</summary>
    public required EndPoint Seed { get; init; }

    public required string JobId { get; init => field = Limits.CheckJobId(value); }

    /// <summary>The job's secret.</summary>
    public required byte[] Token { get; init => field = Limits.CheckToken(value); }

    /// <summary>Which of its launcher's attendants this is.</summary>
    public required int Number { get; init; }

    /// <summary>This attendant's own name, for reports.</summary>
    public string Name { get; init; } = "";

    /// <summary>Only finds out whether the coordinator is reached and takes the token.</summary>
    public bool Probe { get; init; }

    /// <summary>How long to try to reach the coordinator. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Finds the addresses of the coordinator's name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> LookUp { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>The clock; by default one that stands still while this process is stopped.</summary>
    public TimeProvider Time { get; init; } = Transport.RunningTime.Instance;

    /// <summary>The coordinator.</summary>
    public SeedTarget Target => new() { Seed = Seed, JobId = JobId, Token = Token, Timeout = Timeout, LookUp = LookUp, Time = Time };
}

/// <summary>The end at which a rank is started: asks which rank, passes its output to the coordinator, and takes signals for it.</summary>
internal sealed class AttendanceClient : IAsyncDisposable
{
    // What is said last may take that long to arrive.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly ControlChannel _channel;
    private readonly ITimer _heartbeat;
    private readonly Channel<int> _signals = Channel.CreateUnbounded<int>();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly Task _reading;
    private volatile bool _isEnding;

    private AttendanceClient(ControlChannel channel, AcceptedMessage accepted, TimeProvider time)
    {
        _channel = channel;
        _time = time;
        Rank = accepted.Rank;
        Size = accepted.Size;
        _heartbeat = Heartbeat.Of(accepted, time).Start(channel);
        _reading = ReadAsync(_closing.Token);
    }

    /// <summary>The rank to start; -1 for whichever is free, and for a probe.</summary>
    public int Rank { get; }

    /// <summary>Ranks of the job.</summary>
    public int Size { get; }

    /// <summary>Signals for the program, in order; complete when none can come any more.</summary>
    public ChannelReader<int> Signals => _signals.Reader;

    /// <summary>Completes with the reason when the coordinator is gone before it was told of the program's end.</summary>
    public Task<string> Lost => _lost.Task;

    /// <exception cref="RendezvousException">
    /// The coordinator is not reached, or it rejects: with <see cref="RendezvousFailure.JobFull"/> when nothing is to be started.
    /// </exception>
    public static async Task<AttendanceClient> OpenAsync(AttendanceOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        (ControlChannel channel, AcceptedMessage accepted) = await ControlHandshake.OpenAsync(
            options.Target,
            _ => new AttendMessage(options.Number, options.Name, options.Probe).Encode(),
            cancellationToken).ConfigureAwait(false);
        return new AttendanceClient(channel, accepted, options.Time);
    }

    /// <summary>Passes on what the program wrote; completes when this end can take more.</summary>
    /// <returns><see langword="false"/> when the coordinator is gone.</returns>
    public async ValueTask<bool> WriteAsync(AttendedStream stream, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlyMemory<byte> piece = bytes[..Math.Min(bytes.Length, Limits.AttendedBytes)];
            if (!_channel.Post(AttendMessages.Output(stream, piece.Span)))
                return false;

            // One piece of a stream is under way at most: a coordinator that does not read makes the program wait.
            await _channel.DrainAsync().ConfigureAwait(false);
            bytes = bytes[piece.Length..];
        }

        return !_lost.Task.IsCompleted;
    }

    /// <summary>Tells how the program ended, as the last word; completes when the coordinator has it.</summary>
    /// <returns>Whether it has it.</returns>
    public async Task<bool> ExitAsync(AttendedExit exit)
    {
        _isEnding = true;
        _channel.PostLast(AttendMessages.Exit(exit), "the program has ended");
        try
        {
            // Until the coordinator closes its end, so that nothing is lost on the way.
            await _reading.WaitAsync(LastWords, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }

        return !_lost.Task.IsCompleted;
    }

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        await _heartbeat.DisposeAsync().ConfigureAwait(false);
        await _closing.CancelAsync().ConfigureAwait(false);
        _channel.Dispose();
        await _reading.ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task ReadAsync(CancellationToken closing)
    {
        string reason = "it closed the connection";
        bool inOrder = false;
        try
        {
            for (ControlFrame frame; (frame = await _channel.ReadAsync(closing).ConfigureAwait(false)).Kind != ControlKind.None;)
            {
                switch (frame.Kind)
                {
                    case ControlKind.Heartbeat:
                        break;
                    case ControlKind.AttendedSignal:
                        _signals.Writer.TryWrite(AttendMessages.DecodeSignal(frame.Payload.Span));
                        break;
                    default:
                        throw new WireFormatException($"A frame of kind {(byte)frame.Kind} came to an attendant.");
                }
            }

            inOrder = _isEnding;
        }
        catch (Exception error) when (error is SocketException or WireFormatException or ObjectDisposedException or OperationCanceledException)
        {
            reason = _channel.CloseReason ?? error.Message;
        }
#pragma warning disable CA1031 // whatever a frame holds, it ends the connection and nothing else
        catch (Exception error)
#pragma warning restore CA1031
        {
            reason = $"what it sent could not be handled: {error}";
        }

        _signals.Writer.TryComplete();
        if (!inOrder && !closing.IsCancellationRequested)
            _lost.TrySetResult(reason);
    }
}
