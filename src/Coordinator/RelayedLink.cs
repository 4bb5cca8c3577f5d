using System.Buffers;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>A link of two ranks through the coordinator: what either end sends goes to the other.</summary>
/// <remarks>
/// At most one buffer of <see cref="BufferBytes"/> is held per direction, and only while it holds something: an end that does not
/// read makes the other end's sends wait, as on a direct link. The bytes are the ranks' own; nobody looks into them.
/// </remarks>
internal sealed class RelayedLink(RelayedPair pair, Action<RelayedLink> ended)
{
    private const int BufferBytes = 64 * 1024;

    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Index 0 is the lower rank's end. Set by the job under its lock.
    private readonly SeedConnection?[] _ends = new SeedConnection?[2];
    private int _directionsOver;
    private int _isOver;

    public RelayedPair Pair => pair;

    /// <summary>When the first end came; protected by the job's lock.</summary>
    public long Since { get; init; }

    /// <summary>The end that waits for the other one; protected by the job's lock.</summary>
    public SeedConnection? this[bool higher]
    {
        get => _ends[higher ? 1 : 0];
        set => _ends[higher ? 1 : 0] = value;
    }

    /// <summary>Both ends are there: they are told, and bytes pass from then on.</summary>
    public async Task JoinAsync()
    {
        foreach (SeedConnection? end in _ends)
        {
            end!.Post(ShortMessages.RelayReady);
            await end.Channel.DrainAsync().ConfigureAwait(false);
        }

        _joined.TrySetResult();
    }

    /// <summary>Passes on what one end sends; returns when both directions are over.</summary>
    public async Task RunAsync(bool higher, CancellationToken stopping)
    {
        SeedConnection from = this[higher]!;
        try
        {
            Socket source = from.Channel.Detach(out ReadOnlyMemory<byte> first);
            if (!first.IsEmpty)
                await PassOnAsync(first, higher, stopping).ConfigureAwait(false);
            while (await ReceiveAsync(source, higher, stopping).ConfigureAwait(false))
            {
            }

            // Only this direction has ended: the other end may still be sending.
            if (_joined.Task.IsCompletedSuccessfully && Interlocked.Increment(ref _directionsOver) < 2)
                this[!higher]!.Channel.EndSending();
            else
                Break("both ends have closed");
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Break(from.Channel.CloseReason ?? $"an end of the relayed link broke: {error.Message}");
        }

        await _over.Task.ConfigureAwait(false);
    }

    /// <summary>The other end will not come; the one that is there has been told and closes.</summary>
    public void GiveUp() => _joined.TrySetCanceled();

    /// <summary>Ends the link at both ends.</summary>
    public void Break(string reason)
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0)
            return;
        _joined.TrySetCanceled();
        ended(this);
        foreach (SeedConnection? end in _ends)
            end?.Close(reason);
        _over.TrySetResult();
    }

    /// <returns>Whether there may be more.</returns>
    private async ValueTask<bool> ReceiveAsync(Socket source, bool higher, CancellationToken stopping)
    {
        // Without a buffer until there is something to put into it: most relayed links are idle most of the time.
        await source.ReceiveAsync(Memory<byte>.Empty, stopping).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int received = await source.ReceiveAsync(buffer, stopping).ConfigureAwait(false);
            await PassOnAsync(buffer.AsMemory(0, received), higher, stopping).ConfigureAwait(false);
            return received > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask PassOnAsync(ReadOnlyMemory<byte> bytes, bool higher, CancellationToken stopping)
    {
        if (bytes.IsEmpty)
            return;
        await _joined.Task.ConfigureAwait(false);
        await this[!higher]!.Channel.SendRawAsync(bytes, stopping).ConfigureAwait(false);
        pair.Add(higher, bytes.Length);
    }
}

/// <summary>Two ranks that talk through the coordinator, and how much they have said.</summary>
internal sealed class RelayedPair(int lower, int higher)
{
    private long _fromLower;
    private long _fromHigher;

    public int Lower => lower;

    public int Higher => higher;

    /// <summary>Bytes of the link from the lower to the higher rank, its hello included.</summary>
    public long BytesFromLower => Interlocked.Read(ref _fromLower);

    public long BytesFromHigher => Interlocked.Read(ref _fromHigher);

    public void Add(bool fromHigher, int bytes) => Interlocked.Add(ref fromHigher ? ref _fromHigher : ref _fromLower, bytes);
}
