using System.Net;

namespace BoxerMpi.Aws.Internal;

/// <summary>The proxy that the environment names (HTTP_PROXY and its kin), except to this machine itself: no proxy reaches that.</summary>
internal sealed class SystemProxy : IWebProxy
{
    public static readonly SystemProxy Instance = new();

    public ICredentials? Credentials
    {
        get => HttpClient.DefaultProxy.Credentials;
        set => throw new NotSupportedException("The environment says with which credentials.");
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : HttpClient.DefaultProxy.GetProxy(destination);

    public bool IsBypassed(Uri host) => host.IsLoopback || HttpClient.DefaultProxy.IsBypassed(host);

    /// <summary>For a message about an endpoint: by which proxy it is asked; empty when by none.</summary>
    public static string Mention(string? url)
    {
        if (url is null || !Uri.TryCreate(url, UriKind.Absolute, out Uri? endpoint) || Instance.GetProxy(endpoint) is not { } proxy)
            return "";
        return $" by way of the proxy {proxy.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)} that the environment names";
    }
}
