using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BoxerMpi.LambdaService.Http;

/// <summary>Reads and writes whole bodies.</summary>
internal static class Bodies
{
    /// <summary>The whole body, or null when it is longer than <paramref name="longest"/> bytes.</summary>
    public static async Task<byte[]?> ReadAsync(HttpContext context, long longest)
    {
        if (context.Request.ContentLength > longest)
            return null;
        try
        {
            using MemoryStream body = new((int)(context.Request.ContentLength ?? 0));
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            return body.Length > longest ? null : body.ToArray();
        }
        catch (BadHttpRequestException failure) when (failure.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null;
        }
    }

    public static async Task WriteAsync(HttpContext context, int status, ReadOnlyMemory<byte> body, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        if (status is StatusCodes.Status204NoContent)
            return;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>The target as it came over the wire, which is what its sender has signed.</summary>
    public static string RawTarget(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
}
