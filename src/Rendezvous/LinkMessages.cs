using System.Buffers.Binary;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>First message on a link: who connects, to whom, in which job.</summary>
internal sealed record LinkHello(ushort Version, string JobId, int From, int To, uint Epoch, Guid MemberId, byte[] Nonce)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.LinkHello).UInt32(Protocol.LinkMagic).UInt16(Version).Text(JobId, Limits.JobIdBytes)
            .Int32(From).Int32(To).UInt32(Epoch).Id(MemberId).Bytes(Nonce).Finish();

    /// <remarks>Of another version, only the version is read.</remarks>
    public static LinkHello Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        if (reader.UInt32() != Protocol.LinkMagic)
            throw new WireFormatException("The first message does not open a link.");
        ushort version = reader.UInt16();
        if (version != Protocol.Version)
            return new LinkHello(version, "", -1, -1, 0, Guid.Empty, []);
        LinkHello hello = new(
            version,
            reader.Text(Limits.JobIdBytes),
            reader.Int32(),
            reader.Int32(),
            reader.UInt32(),
            reader.Id(),
            reader.Bytes(Proof.NonceBytes).ToArray());
        reader.End();
        return hello;
    }
}

/// <summary>What the accepting end decides about a proven link.</summary>
internal enum LinkVerdict : byte
{
    /// <summary>This connection becomes the link, once the other end commits.</summary>
    Accepted = 2,

    /// <summary>The pair has a link, or another connection of it is about to become one.</summary>
    Duplicate = 3,

    /// <summary>This end is connecting too, and its connection has precedence.</summary>
    Yield = 4,
}

/// <summary>The other end of a link said no, before or instead of proving anything.</summary>
internal sealed class LinkRefusedException(string message) : Exception(message);

/// <summary>Reads and writes whole messages of a link's hello; never a byte beyond them.</summary>
internal sealed class LinkConversation(LinkIo io, Socket socket)
{
    public Socket Socket => socket;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        while (!frame.IsEmpty)
            frame = frame[await io.SendAsync(socket, frame, cancellationToken).ConfigureAwait(false)..];
    }

    /// <summary>Receives the payload of the message that has to come now.</summary>
    /// <exception cref="WireFormatException">Something else came.</exception>
    /// <exception cref="LinkRefusedException">The other end refuses.</exception>
    public async ValueTask<byte[]> ReceiveAsync(ControlKind expected, CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[ControlFrame.PrefixBytes];
        await FillAsync(prefix, cancellationToken).ConfigureAwait(false);
        int length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        ControlKind kind = (ControlKind)prefix[4];
        if (length is < 1 or > Limits.LinkMessageBytes)
            throw new WireFormatException($"A message of {length} bytes was announced; 1 to {Limits.LinkMessageBytes} are allowed.");
        if (kind != expected && kind != ControlKind.LinkRefused)
            throw new WireFormatException($"A message of kind {(byte)kind} arrived instead of {expected}.");
        byte[] payload = new byte[length - 1];
        await FillAsync(payload, cancellationToken).ConfigureAwait(false);
        return kind == expected ? payload : throw new LinkRefusedException(ReadRefusal(payload));
    }

    public static ReadOnlyMemory<byte> Refusal(string text) =>
        new MessageWriter(ControlKind.LinkRefused).UInt16(Protocol.Version).Text(text, Limits.LinkMessageBytes / 2).Finish();

    private static string ReadRefusal(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        reader.UInt16();
        return reader.Text(Limits.LinkMessageBytes / 2);
    }

    private async ValueTask FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            int received = await io.ReceiveAsync(socket, buffer, cancellationToken).ConfigureAwait(false);
            if (received == 0)
                throw new EndOfStreamException("the other end closed the connection");
            buffer = buffer[received..];
        }
    }
}
