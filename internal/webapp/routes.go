package webapp

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// routes is the whole URL surface. What is asked for in the group is a visit.
//
// A HEAD must change nothing (RFC 9110 section 9.3.2), so only the pages that
// look take one, and it is no visit.
func (a *App) routes() http.Handler {
	engine := a.engine()
	engine.GET("/healthz", a.health)
	engine.HEAD("/healthz", a.health)

	engine.HEAD("/", a.page(a.home))
	engine.HEAD("/listservers", a.page(a.listServers))
	engine.HEAD("/get/:key", a.page(a.getMessage))
	engine.HEAD("/recent", a.page(a.recent))

	visited := engine.Group("/", a.refuseAhead, a.recordVisit)
	visited.GET("/", a.page(a.home))
	visited.GET("/spawn", a.page(a.spawn))
	visited.POST("/spawn", a.page(a.spawn))
	visited.GET("/destroy", a.page(a.destroy))
	visited.POST("/destroy", a.page(a.destroy))
	visited.GET("/listservers", a.page(a.listServers))
	visited.GET("/set/:key", a.page(a.setMessage))
	visited.GET("/get/:key", a.page(a.getMessage))
	visited.GET("/recent", a.page(a.recent))
	visited.POST("/upload", a.page(a.upload))
	visited.GET("/meow", a.page(a.meow))
	return engine
}

// engine matches a path as it was sent, still escaped, so that %2F is part of
// a key and not a separator. keyOf unescapes: gin would read + as a space.
func (a *App) engine() *gin.Engine {
	engine := gin.New()
	engine.UseRawPath = true
	engine.UnescapePathValues = false
	engine.HandleMethodNotAllowed = true
	engine.Use(a.answerPanic, setHeaders)
	engine.NoRoute(a.page(noPage))
	engine.NoMethod(a.page(noMethod))
	return engine
}

// health tells that the process serves, whatever is with Redis, until it steps
// aside to stop.
func (a *App) health(c *gin.Context) {
	if a.stopping.Load() {
		c.String(http.StatusServiceUnavailable, "stopping\n")
		return
	}
	c.String(http.StatusOK, "ok\n")
}

func noPage(*gin.Context) (reply, error) { return reply{}, errNoPage }

func noMethod(*gin.Context) (reply, error) { return reply{}, errNoMethod }
