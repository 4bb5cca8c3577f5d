using System.Net;
using System.Net.Sockets;
using BoxerMpi.NatLab;

namespace BoxerMpi.Punching.Tests.Support;

/// <summary>An application on one host: it listens, and sends back what it gets, 64 bytes at a time.</summary>
internal sealed class EchoApplication : IDisposable
{
    public const int MessageBytes = 64;

    private readonly Socket _listener;
    private readonly CancellationToken _deadline;
    private int _accepted;
    private int _handedOver;

    /// <param name="host">Where it runs.</param>
    /// <param name="shares">Whether its listener lets others use its port.</param>
    /// <param name="deadline">Ends all that it waits for.</param>
    public EchoApplication(LabHost host, bool shares, CancellationToken deadline)
    {
        _deadline = deadline;
        _listener = host.Run(() =>
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            if (shares)
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); // SO_REUSEPORT as well
            socket.Listen();
            return socket;
        });
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Connections that came to the listener, and past it, and have said something.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    public int HandedOver => Volatile.Read(ref _handedOver);

    /// <summary>Takes a connection that did not come to the listener.</summary>
    public void Take(int rank, Socket socket) => _ = EchoAsync(socket, () => Interlocked.Increment(ref _handedOver));

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_deadline);
                _ = EchoAsync(socket, () => Interlocked.Increment(ref _accepted));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task EchoAsync(Socket socket, Action onMessage)
    {
        using (socket)
        {
            try
            {
                byte[] message = new byte[MessageBytes];
                int count;
                while ((count = await socket.ReceiveAsync(message, _deadline)) > 0)
                {
                    onMessage();
                    await socket.SendAsync(message.AsMemory(0, count), _deadline);
                }
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // The other end is gone.
            }
        }
    }
}
