using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using BoxerMpi.NatLab.Kernel;

namespace BoxerMpi.Punching.Tests.Support;

/// <summary>Keeps the packets that come to a gateway, as somebody on the way can.</summary>
internal sealed class WireRecording : IDisposable
{
    private const int EthernetBytes = 14, LongestFrame = EthernetBytes + 65536;
    private const short InternetProtocol = 0x0800; // ETH_P_IP
    private const byte Syn = 2;

    private readonly Socket _socket;

    public WireRecording(NetworkNamespace gateway) => _socket = gateway.Run(() =>
        new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)(ushort)IPAddress.HostToNetworkOrder(InternetProtocol)) { Blocking = false });

    /// <summary>What was said in one direction of the last connection between two endpoints; recorded packets are used up.</summary>
    public byte[] Stream(IPEndPoint from, IPEndPoint to)
    {
        uint first = 0;
        SortedDictionary<uint, byte[]> segments = [];
        byte[] frame = new byte[LongestFrame];
        while (_socket.Poll(0, SelectMode.SelectRead))
        {
            ReadOnlySpan<byte> packet = frame.AsSpan(EthernetBytes, _socket.Receive(frame) - EthernetBytes);
            packet = packet[..BinaryPrimitives.ReadUInt16BigEndian(packet[2..])];
            ReadOnlySpan<byte> segment = packet[((packet[0] & 15) * 4)..];
            if (packet[9] != (byte)ProtocolType.Tcp || !IsOf(packet[12..16], segment, from) || !IsOf(packet[16..20], segment[2..], to))
                continue;

            uint sequence = BinaryPrimitives.ReadUInt32BigEndian(segment[4..]);
            ReadOnlySpan<byte> data = segment[((segment[12] >> 4) * 4)..];
            if ((segment[13] & Syn) != 0)
            {
                // Another attempt: nothing of the one before it counts. The same one is sent again until it is answered.
                if (sequence + 1 != first)
                    segments.Clear();
                first = sequence + 1;
            }
            else if (!data.IsEmpty)
            {
                segments[sequence - first] = data.ToArray();
            }
        }

        // Sent again, they overlap; behind a gap there is nothing that could be understood.
        using MemoryStream stream = new();
        foreach ((uint start, byte[] data) in segments)
        {
            if (start <= stream.Length && start + data.Length > stream.Length)
                stream.Write(data.AsSpan((int)(stream.Length - start)));
        }

        return stream.ToArray();
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsOf(ReadOnlySpan<byte> address, ReadOnlySpan<byte> port, IPEndPoint endPoint) =>
        address.SequenceEqual(endPoint.Address.GetAddressBytes()) && BinaryPrimitives.ReadUInt16BigEndian(port) == endPoint.Port;
}
