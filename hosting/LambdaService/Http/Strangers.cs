using BoxerMpi.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.LambdaService.Http;

/// <summary>Connections that have not sent a signed request yet: of too many the oldest gives way, so that they keep nobody out.</summary>
internal sealed class Strangers
{
    private const int Most = 256;

    private readonly int _most = Math.Max(Math.Min(Most, DescriptorLimit.Current / 4), 1);

    // Protects _connections, the oldest first.
    private readonly Lock _gate = new();
    private readonly LinkedList<ConnectionContext> _connections = new();

    public async Task AdmitAsync(ConnectionContext connection, Func<Task> next)
    {
        Acquaintance acquaintance = new(this, connection);
        connection.Features.Set(acquaintance);
        Add(acquaintance.Node);
        try
        {
            await next();
        }
        finally
        {
            Remove(acquaintance.Node);
        }
    }

    /// <summary>A request on this connection was signed with the service's keys.</summary>
    public static void Know(HttpContext context)
    {
        if (context.Features.Get<Acquaintance>() is { } known)
            known.Strangers.Remove(known.Node);
    }

    private void Add(LinkedListNode<ConnectionContext> node)
    {
        ConnectionContext? oldest = null;
        lock (_gate)
        {
            _connections.AddLast(node);
            if (_connections.Count > _most)
            {
                oldest = _connections.First!.Value;
                _connections.RemoveFirst();
            }
        }

        oldest?.Abort(new ConnectionAbortedException("Too many connections without a signed request."));
    }

    private void Remove(LinkedListNode<ConnectionContext> node)
    {
        lock (_gate)
        {
            if (node.List is not null)
                _connections.Remove(node);
        }
    }

    private sealed class Acquaintance(Strangers strangers, ConnectionContext connection)
    {
        public Strangers Strangers => strangers;

        public LinkedListNode<ConnectionContext> Node { get; } = new(connection);
    }
}
