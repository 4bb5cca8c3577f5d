using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>A connection that sends whatever a test wants: half a protocol, garbage, a recording.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket;

    private RawPeer(Socket socket) => _socket = socket;

    public static async Task<RawPeer> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken, int receiveBufferBytes = 0)
    {
        Socket socket = new(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
            socket.ReceiveBufferSize = receiveBufferBytes;
        await socket.ConnectAsync(remote, cancellationToken);
        return new RawPeer(socket);
    }

    public IPEndPoint Local => (IPEndPoint)_socket.LocalEndPoint!;

    public static RawPeer Over(Socket socket) => new(socket);

    /// <summary>Connects to a job's coordinator and sends a request behind its proof, and what else is to follow at once.</summary>
    public static async Task<RawPeer> AskAsync(TestJob job, MessageWriter request, byte[] token, byte[]? more = null, int receiveBufferBytes = 0)
    {
        RawPeer peer = await ConnectAsync(job.Seed.EndPoint, job.Deadline, receiveBufferBytes);
        HelloMessage hello = new(Protocol.Version, Proof.Nonce(), job.Job.Spec.JobId);
        await peer.SendAsync(hello.Encode(), job.Deadline);
        ChallengeMessage challenge = ChallengeMessage.Decode((await peer.ReceiveAsync(job.Deadline)).Payload);
        request.ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body);
        Proof.OfJoiner(token, request.Kind, hello.JobId, hello.Nonce, challenge.Nonce, body, proof);
        await peer.SendAsync(new byte[][] { request.Finish().ToArray(), more ?? [] }.SelectMany(part => part).ToArray(), job.Deadline);
        return peer;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (ReadOnlyMemory<byte> rest = bytes; !rest.IsEmpty;)
            rest = rest[await _socket.SendAsync(rest, cancellationToken)..];
    }

    /// <summary>The next frame's kind and payload, or kind <c>None</c> when the other side has closed or reset.</summary>
    public async Task<(ControlKind Kind, byte[] Payload)> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            byte[] prefix = await FillAsync(new byte[ControlFrame.PrefixBytes], cancellationToken);
            byte[] payload = await FillAsync(new byte[BinaryPrimitives.ReadInt32LittleEndian(prefix) - 1], cancellationToken);
            return ((ControlKind)prefix[4], payload);
        }
        catch (Exception error) when (error is EndOfStreamException or SocketException)
        {
            return (ControlKind.None, []);
        }
    }

    public Task<byte[]> ReadAsync(int count, CancellationToken cancellationToken) => FillAsync(new byte[count], cancellationToken);

    /// <summary>Reads until the other side closes.</summary>
    public async Task ReadToEndAsync(CancellationToken cancellationToken)
    {
        while ((await ReceiveAsync(cancellationToken)).Kind != ControlKind.None)
        {
        }
    }

    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends with a reset, as a process that is killed with unread data does.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]> FillAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        for (int count = 0; count < buffer.Length;)
        {
            int received = await _socket.ReceiveAsync(buffer.AsMemory(count), cancellationToken);
            if (received == 0)
                throw new EndOfStreamException();
            count += received;
        }

        return buffer;
    }
}

/// <summary>Stands between two ends and keeps all bytes that pass.</summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _relays = [];
    private readonly Task _accepting;

    public RecordingProxy()
    {
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Where connections are passed on to; may be named after the proxy has been advertised.</summary>
    public TaskCompletionSource<IPEndPoint> Target { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MemoryStream FromClient { get; } = new();

    public MemoryStream FromServer { get; } = new();

    public static byte[] Recorded(MemoryStream direction)
    {
        lock (direction)
            return direction.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await Task.WhenAll([_accepting, .. _relays]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client = await _listener.AcceptAsync(_stopping.Token);
            Socket server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await server.ConnectAsync(await Target.Task.WaitAsync(_stopping.Token), _stopping.Token);
            _relays.Add(RelayAsync(client, server, FromClient));
            _relays.Add(RelayAsync(server, client, FromServer));
        }
    }

    private async Task RelayAsync(Socket from, Socket to, MemoryStream record)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer, _stopping.Token)) > 0;)
            {
                lock (record)
                    record.Write(buffer, 0, count);
                for (int sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stopping.Token);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
