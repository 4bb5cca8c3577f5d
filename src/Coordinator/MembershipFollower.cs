using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>Follows a job's membership: from its coordinator, or from a local membership service.</summary>
internal static class MembershipFollower
{
    private const int LongestLineBytes = 64 * 1024;

    /// <summary>Follows a job at its coordinator, which needs the token: the present state first, then what happens, until the job ends.</summary>
    /// <exception cref="RendezvousException">The coordinator is not reached, rejects, or drops a follower that does not keep up.</exception>
    public static async IAsyncEnumerable<MembershipEvent> FollowAsync(SeedTarget target, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        (ControlChannel channel, AcceptedMessage accepted) = await ControlHandshake.OpenAsync(
            target,
            _ => new MessageWriter(ControlKind.Follow).ReserveProof(),
            cancellationToken).ConfigureAwait(false);
        using ControlChannel closing = channel;
        using ITimer heartbeat = Heartbeat.Of(accepted, target.Time).Start(channel);
        while (await NextAsync(channel, target, cancellationToken).ConfigureAwait(false) is { } happened)
            yield return happened;
    }

    /// <summary>Follows a local membership service, as any program can: one JSON object a line.</summary>
    public static async IAsyncEnumerable<MembershipLine> FollowLocalAsync(EndPoint service, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using Socket socket = await ConnectAsync(service, cancellationToken).ConfigureAwait(false);
        byte[] buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            int start = 0;
            for (int end; (end = buffer.AsSpan(start, length - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
                yield return ReadLine(buffer.AsSpan(start, end));
            buffer.AsSpan(start, length - start).CopyTo(buffer);
            length -= start;
            if (length == LongestLineBytes)
                throw new WireFormatException($"The membership service sent a line of more than {LongestLineBytes} bytes.");
            if (length == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            int received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (received == 0)
                yield break;
            length += received;
        }
    }

    private static async ValueTask<MembershipEvent?> NextAsync(ControlChannel channel, SeedTarget target, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                ControlFrame frame = await channel.ReadAsync(cancellationToken).ConfigureAwait(false);
                switch (frame.Kind)
                {
                    case ControlKind.Heartbeat:
                        break;
                    case ControlKind.Event:
                        return MembershipEvent.Decode(target.JobId, frame.Payload.Span);
                    case ControlKind.Leave:
                        return null;
                    case ControlKind.Rejected:
                        throw ControlHandshake.Rejected(target.Seed, RejectedMessage.Decode(frame.Payload.Span));
                    case ControlKind.None:
                        throw new EndOfStreamException("it closed the connection");
                    default:
                        throw new WireFormatException($"A frame of kind {(byte)frame.Kind} came to a follower.");
                }
            }
        }
        catch (Exception error) when (error is SocketException or EndOfStreamException or WireFormatException or ObjectDisposedException)
        {
            string name = ControlHandshake.Name(target.Seed);
            throw new RendezvousException(
                RendezvousFailure.ConnectionLost, name, $"The coordinator at {name} was lost while following job '{target.JobId}': {channel.CloseReason ?? error.Message}", error);
        }
    }

    private static async Task<Socket> ConnectAsync(EndPoint service, CancellationToken cancellationToken)
    {
        Socket socket = service is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(service, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            string name = ControlHandshake.Name(service);
            throw new RendezvousException(
                RendezvousFailure.Unreachable, name, $"No membership service at {name}: {error.Message}; see whether the job runs and offers one there.", error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static MembershipLine ReadLine(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, MembershipJson.Default.MembershipLine) ?? throw new WireFormatException("The membership service sent an empty line.");
        }
        catch (JsonException error)
        {
            throw new WireFormatException($"The membership service sent a line that is no event: {error.Message}");
        }
    }
}
