using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using BoxerMpi.Internal;
using BoxerMpi.Transport;

namespace BoxerMpi.Micro;

/// <summary>
/// Whole calls between two ranks in this process, over loopback TCP; "Allocated" counts both ranks and must be 0 for spans.
/// </summary>
[MemoryDiagnoser]
public class Calls : IDisposable
{
    private const int EchoTag = 1;
    private const int ObjectTag = 2;
    private const int StopTag = 3;

    private readonly Dictionary<string, int> _object = Enumerable.Range(0, 20).ToDictionary(i => $"key {i}");
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly float[] _send = new float[256];
    private readonly float[] _receive = new float[256];
    private Messenger _mine = null!;
    private Messenger _other = null!;
    private Communicator _world = null!;
    private Thread _echo = null!;

    [GlobalSetup]
    public void Setup()
    {
        (_mine, _other) = (new Messenger(0, 2, new MessengerOptions()), new Messenger(1, 2, new MessengerOptions()));
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket connecting = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        connecting.Connect(listener.LocalEndPoint!);
        _mine.AddLink(1, TcpChannel.Create(connecting));
        _other.AddLink(0, TcpChannel.Create(listener.Accept()));
        _world = Communicator.CreateWorld(_mine, Topology.Mesh(2));
        Communicator there = Communicator.CreateWorld(_other, Topology.Mesh(2));
        _echo = new Thread(() => Echo(there));
        _echo.Start();
    }

    [Benchmark]
    [Arguments(8)]
    [Arguments(64 * 1024)]
    public void RoundTrip(int bytes)
    {
        _world.Send<byte>(_buffer.AsSpan(0, bytes), 1, EchoTag);
        _world.Receive<byte>(_buffer, 1, EchoTag);
    }

    [Benchmark]
    public async Task RoundTripAwaited()
    {
        await _world.SendAsync<byte>(_buffer.AsMemory(0, 8), 1, EchoTag);
        await _world.ReceiveAsync<byte>(_buffer, 1, EchoTag);
    }

    [Benchmark]
    public Dictionary<string, int>? RoundTripOfAnObject()
    {
        _world.SendObject(_object, 1, ObjectTag);
        return _world.ReceiveObject<Dictionary<string, int>>(1, ObjectTag).Value;
    }

    [Benchmark]
    public void SendToSelfAndReceive()
    {
        _world.Send<float>(_send, 0);
        _world.Receive<float>(_receive, 0, 0);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _world.Send<byte>([], 1, StopTag);
        _echo.Join();
        _mine.Dispose();
        _other.Dispose();
        GC.SuppressFinalize(this);
    }

    private static void Echo(Communicator world)
    {
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            Status status = world.Receive<byte>(buffer, 0);
            if (status.Tag == StopTag)
                return;
            world.Send<byte>(buffer.AsSpan(0, (int)status.ByteCount), 0, status.Tag);
        }
    }
}
