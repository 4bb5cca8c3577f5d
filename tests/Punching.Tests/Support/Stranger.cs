using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.NatLab;

namespace BoxerMpi.Punching.Tests.Support;

/// <summary>A connection of somebody who is none of the job's.</summary>
internal sealed class Stranger : IDisposable
{
    private readonly Socket _socket;

    private Stranger(Socket socket) => _socket = socket;

    /// <summary>Where the rank sees it, when no gateway is in front of it.</summary>
    public IPEndPoint Local => (IPEndPoint)_socket.LocalEndPoint!;

    public static Stranger Connect(LabHost host, IPEndPoint remote) => host.Run(() =>
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(remote);
        return new Stranger(socket);
    });

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (ReadOnlyMemory<byte> rest = bytes; !rest.IsEmpty;)
            rest = rest[await _socket.SendAsync(rest, cancellationToken)..];
    }

    /// <summary>All frames that come until the other end closes or resets the connection.</summary>
    public async Task<List<(ControlKind Kind, byte[] Payload)>> ReceiveToEndAsync(CancellationToken cancellationToken)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = await _socket.ReceiveAsync(buffer, cancellationToken)) > 0;)
                all.Write(buffer, 0, count);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was closed before it had read everything.
        }

        return Frames(all.ToArray());
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The whole frames at the start of a stream.</summary>
    public static List<(ControlKind Kind, byte[] Payload)> Frames(ReadOnlySpan<byte> stream)
    {
        List<(ControlKind Kind, byte[] Payload)> frames = [];
        while (stream.Length >= ControlFrame.PrefixBytes)
        {
            int payload = BinaryPrimitives.ReadInt32LittleEndian(stream) - 1;
            if (payload < 0 || payload > stream.Length - ControlFrame.PrefixBytes)
                break;
            frames.Add(((ControlKind)stream[4], stream.Slice(ControlFrame.PrefixBytes, payload).ToArray()));
            stream = stream[(ControlFrame.PrefixBytes + payload)..];
        }

        return frames;
    }
}
